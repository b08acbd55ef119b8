FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force
COPY --from=build /build/dist dist
COPY bin bin
COPY LICENSE ./

# Mount the config with its credentials and a volume for the store, and name in the config:
#   store: sqlite:/var/lib/sealpost/sealpost.db
#   http: { public: { host: 0.0.0.0 } }     and ops too, where a scraper outside the container reads it
RUN mkdir -p /etc/sealpost/certs /var/lib/sealpost && chown node:node /var/lib/sealpost && chmod 700 /var/lib/sealpost
VOLUME /etc/sealpost /var/lib/sealpost
ENV SEALPOST_CONFIG=/etc/sealpost/sealpost.yaml
ENV SEALPOST_HEALTH_URL=http://127.0.0.1:9090/healthz

USER node
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "-e", "fetch(process.env.SEALPOST_HEALTH_URL, { signal: AbortSignal.timeout(4000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/sealpost.js"]
CMD ["serve"]
