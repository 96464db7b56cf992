# iotscan in a container: non-root, read-only at heart, nothing fetched when it runs.
#
#   docker build -t iotscan .
#   docker run --rm --read-only --cap-drop ALL -v "$PWD:/work" iotscan image rootfs --fail-on high -o /work/iotscan-out
#   docker run --rm --network host iotscan scan 192.168.1.0/24     (a scan needs the network it looks at)
#
# The base is pinned by the digest of its index; Dependabot or "docker buildx imagetools inspect python:3.13-slim" gives
# the next one. Change all lines together: a test compares them.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY iotscan iotscan
COPY checks checks
COPY profiles profiles
COPY reports reports
# Wheels only, so that nothing of a dependency runs while the image is built; sslyze publishes none.
RUN ["python", "-m", "venv", "/opt/iotscan"]
RUN ["/opt/iotscan/bin/pip", "install", "--only-binary", ":all:", "hatchling>=1.27", "setuptools>=77"]
RUN ["/opt/iotscan/bin/pip", "install", "--only-binary", ":all:", "--no-binary", "iotscan,sslyze", "--no-build-isolation", "/source[image]"]
RUN ["/opt/iotscan/bin/pip", "uninstall", "--yes", "hatchling", "setuptools", "pip"]

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="iotscan" \
      org.opencontainers.image.description="How secure are the IoT devices on this network, and does this gateway image ship?" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim"
# No program that changes its user, no installer, and a user who owns nothing.
RUN ["find", "/", "-xdev", "-perm", "/6000", "-type", "f", "-exec", "chmod", "a-s", "{}", "+"]
RUN ["python", "-m", "pip", "uninstall", "--yes", "--root-user-action=ignore", "pip"]
RUN ["useradd", "--uid", "10001", "--user-group", "--no-log-init", "--create-home", "--shell", "/usr/sbin/nologin", "iotscan"]
COPY --from=build /opt/iotscan /opt/iotscan
ENV PATH=/opt/iotscan/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["iotscan"]
CMD ["--help"]
