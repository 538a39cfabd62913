# One image for every role: `docker run IMAGE run embedding`. Without Java: Kafka, the registry and PostgreSQL are given by
# their addresses. Nothing is written but below /var/lib/penstock (uploads) and /tmp, so the root file system may be read-only.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without scripts the package `node` brings no second Node; the image's is of that version.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY bin bin
COPY migrations migrations
COPY src src
RUN npm run --silent build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:${NODE_VERSION}-bookworm-slim
ENV NODE_ENV=production \
    PENSTOCK_DATA_DIR=/var/lib/penstock \
    PENSTOCK_FILE_ROOTS=/documents \
    PENSTOCK_LOG_FORMAT=json \
    PENSTOCK_METRICS_PORT=9400
RUN mkdir -p /var/lib/penstock/uploads /documents && chown -R node:node /var/lib/penstock
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/bin bin
COPY --from=build /app/dist dist
# The user `node`, by number: Kubernetes checks that it is not root.
USER 1000
EXPOSE 7400 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PENSTOCK_METRICS_PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/penstock.js"]
CMD ["--help"]
