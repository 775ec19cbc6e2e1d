#{% capture source %}§{% raw %}
# order-service: one static binary, on an empty image, as nobody.

# Pinned by what it is; CI has it moved when there is a newer one.
FROM rust:1.95-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
WORKDIR /src
# Static; random numbers from the kernel itself, not from a /dev that may be
# missing; the same bytes wherever the source lies.
ENV RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom" --remap-path-prefix=/src=. --remap-path-prefix=/usr/local/cargo=cargo'
# What Cargo.toml has beyond the default.
ARG FEATURES=postgres,tls,jwt,rates,nats,gzip

# The dependencies first: this layer is built anew only when they change.
COPY .cargo/config.toml .cargo/
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY lab/Cargo.toml lab/
COPY xtask/Cargo.toml xtask/
RUN mkdir -p src lab/src xtask/src \
    && echo 'fn main() {}' | tee build.rs src/main.rs lab/src/main.rs \
    && touch src/lib.rs xtask/src/lib.rs \
    && cargo build --locked --release --features "$FEATURES" --target "$(rustc --print host-tuple)" \
    && rm -r build.rs src

COPY . .
# The stand-ins were younger than what takes their place.
RUN find build.rs src -name '*.rs' -exec touch {} + \
    && cargo build --locked --release --features "$FEATURES" --bin server --target "$(rustc --print host-tuple)" \
    && mkdir -p /image/data \
    && cp "target/$(rustc --print host-tuple)/release/server" /image/server

FROM scratch
# A bill of materials names what Cargo.lock does: the program itself does not say.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="order-service" \
      org.opencontainers.image.vendor="acme" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /image/ /
USER 65532:65532
#:[sqlite]
# The only folder that is written to.
VOLUME /data
ENV STORE=sqlite:/data/store.db
# For what a large transaction sets aside: there is no other folder.
ENV SQLITE_TMPDIR=/data
#:[/sqlite]
ENV LOG_FORMAT=json
# Threads share what the C library has set aside; each would have an arena of its
# own, of which no other takes what is free. Where a pod has many cores: more.
ENV MALLOC_ARENA_MAX=1
EXPOSE 50051 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/server", "healthcheck"]
ENTRYPOINT ["/server"]
#{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
