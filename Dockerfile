# Two stages. Only the compiled program and its libraries get into the image. Root owns them, and the user `node` runs them.
# A release names this image by its digest (.ci/release/base-image). Without one, a build takes the newest.
ARG BASE=docker.io/library/node:22-bookworm-slim
FROM ${BASE} AS build
WORKDIR /app
# .dockerignore lets in only what is named here, so no .env, no key and no data can become part of a layer.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build.mjs ./tools/
COPY src ./src
COPY docs/openapi.json ./docs/
# For --version: docker build --build-arg COMMIT=$(git rev-parse --short HEAD)
ARG COMMIT=
RUN npm run build && npm prune --omit=dev --no-audit

FROM ${BASE}
ENV NODE_ENV=production \
    DATA_DIR=/data
WORKDIR /app
# This library verifies signatures faster than the addon of `npm ci`. On arm64, where the addon has no build, it is six times as fast as WebAssembly.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libsecp256k1-1 && rm -rf /var/lib/apt/lists/*
# A volume takes over the owner of the directory on which it is mounted.
RUN install -d -o 1000 -g 1000 -m 0700 /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/docs ./docs
# For `docker exec … mostro-push doctor` and other commands.
RUN ln -s /app/dist/main.js /usr/local/bin/mostro-push && chmod 0755 /app/dist/main.js
USER 1000:1000
VOLUME /data
EXPOSE 8080 9464
# The program asks itself: the image needs no curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 CMD ["mostro-push", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--enable-source-maps", "/app/dist/main.js"]
