# The service in a container:
#
#   docker build --tag styleloss:0.1.0 .
#   docker run --rm --publish 8080:8080 styleloss:0.1.0
#
# The steps are those of Scripts/, which a machine without containers takes as well.

FROM swift:6.3-bookworm AS build
WORKDIR /styleloss
COPY Scripts/install-packages Scripts/build Scripts/
RUN Scripts/install-packages build
COPY Package.swift openapi.yaml ./
COPY Sources Sources
COPY Tests Tests
# One file that needs no Swift on the other side, without its symbols (a third of its size).
RUN install -D "$(Scripts/build --static-swift-stdlib -Xlinker -s)" /out/styleloss

FROM debian:bookworm-slim
# https://specs.opencontainers.org/image-spec/annotations: the code, and the weights inside the binary.
LABEL org.opencontainers.image.title="styleloss" \
    org.opencontainers.image.description="Style and perceptual losses of images, with VGG, over HTTP" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0 AND CC-BY-4.0"
COPY Scripts/install-packages /tmp/
RUN /tmp/install-packages run && rm -rf /tmp/install-packages /var/lib/apt/lists/*
COPY --from=build /out/styleloss /usr/local/bin/
# The licence of the code, and that of the weights inside the binary, which asks to be carried along.
COPY LICENSE NOTICE Sources/CResources/LICENSE-weights.md /usr/local/share/doc/styleloss/

# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
ENV STYLELOSS_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["styleloss", "health"]
ENTRYPOINT ["styleloss"]
CMD ["serve"]
