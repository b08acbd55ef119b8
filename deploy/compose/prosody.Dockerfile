FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends prosody prosody-modules python3-slixmpp \
  && rm -rf /var/lib/apt/lists/*
USER prosody
CMD ["sh", "-c", "prosodyctl register juliet localhost juliet && prosodyctl register romeo localhost romeo && exec prosody -F"]
