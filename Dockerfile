# The image of the program: no shell, no package manager, nobody's root. `make image` builds it.
#
#   build   the release program, from the sources that it is made of
#   test    the unit and golden tests; nothing untested reaches an image
#   root    what the run stage holds: the program, the shared libraries that it names, CA certificates, one user
#
# The sources' packages are those of scripts/install-packages, so image and checkout are built alike.
FROM debian:bookworm-slim AS build
ARG JOBS=2
WORKDIR /plimsoll
COPY scripts/install-packages scripts/
RUN scripts/install-packages image && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY include include
COPY src src
COPY webhook webhook
RUN cmake --preset release -D BUILD_TESTING=OFF && cmake --build --preset release --parallel "$JOBS"

FROM build AS test
COPY . .
RUN cmake --preset release -D BUILD_TESTING=ON && cmake --build --preset release --parallel "$JOBS"
# The loopback tests are for a machine, not for a build: they want ports and signals.
RUN ctest --test-dir build --output-on-failure --exclude-regex loopback

FROM test AS root
# Libraries keep their directories, which the loader searches without being told. Absent are those that ldd does not name: nothing
# is loaded later by name.
RUN mkdir -p /root-of-image/etc/ssl/certs \
 && cd /root-of-image \
 && install /plimsoll/build/plimsoll . \
 && ldd ./plimsoll | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory=. \
 && cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/ \
 && echo 'plimsoll:x:65532:65532:plimsoll:/:/nonexistent' >etc/passwd \
 && echo 'plimsoll:x:65532:' >etc/group
# A library that is missing shows here rather than in a cluster. (Not in the run stage: running there leaves mount points behind.)
RUN chroot --userspec=65532:65532 /root-of-image /plimsoll --version

FROM scratch
LABEL org.opencontainers.image.title="plimsoll" \
      org.opencontainers.image.description="Turns estimates in annotations into well-sized Kubernetes Jobs and Pods" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=root /root-of-image /
# OpenSSL would look for the certificates where Debian's own package links to them.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# A number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/plimsoll"]
# Where docs/operations.md mounts the Secret and the ConfigMap.
CMD ["serve", "--tls-cert-file=/certs/tls.crt", "--tls-private-key-file=/certs/tls.key", "--policy=/policy/policy.yaml"]
