# syntax=docker/dockerfile:1
# One image for every part of Sluice: `api`, `worker`, `sluice` (the command line). Not built in CI.
#
# Debian, not Alpine: Temporal's native core is built for glibc.
FROM node:20-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.mjs

FROM base AS packages
RUN npm ci --ignore-scripts --no-audit --no-fund --omit=dev

FROM node:20-bookworm-slim
# Temporal's core reads the system's certificates when it connects over TLS.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY deploy/entrypoint.mjs deploy/healthcheck.mjs ./deploy/
# Writes nothing to its file system: run it with `--read-only`.
USER node
ENTRYPOINT ["node", "--enable-source-maps", "deploy/entrypoint.mjs"]
CMD ["api"]
