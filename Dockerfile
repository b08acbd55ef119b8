FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/npm npm ci --cache /npm
COPY tsconfig.json tsconfig.build.json rolldown.config.ts ./
COPY build build
COPY src src
RUN npm run build && npm prune --omit=dev --omit=optional

FROM node:24.21.0-bookworm-slim
# Package managers have no work here. Mount points stand, since the root file system may be read-only.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
  && install -d -m 755 /etc/sealpost/certs /run/secrets \
  && install -d -m 700 -o 1000 -g 1000 /var/lib/sealpost \
  && ln -s /app/bin/sealpost.js /usr/local/bin/sealpost
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY bin bin

# deploy/docker/sealpost.yaml is a config that fits: it keeps the store on the volume and opens both listeners to the
# container's network.
VOLUME /var/lib/sealpost
ENV NODE_ENV=production
# A quarter less memory under load, for some more CPU: docs/performance.md.
ENV NODE_OPTIONS=--max-semi-space-size=16 MALLOC_ARENA_MAX=2
ENV SEALPOST_CONFIG=/etc/sealpost/sealpost.yaml
ENV SEALPOST_HEALTH_URL=http://127.0.0.1:9090/healthz

# `node` of the base image, by number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "-e", "fetch(process.env.SEALPOST_HEALTH_URL, { signal: AbortSignal.timeout(4000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["sealpost"]
CMD ["serve"]
