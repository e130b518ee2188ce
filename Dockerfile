# allabel's server and annotation app: CPU only, no compiler, no pip and no root inside. docs/how-to/containers.md
#
# The base is pinned by tag, so that a rebuild with --pull has its security fixes. For the same bytes every time, pin it
# by the digest that your registry shows: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# Of pyproject.toml. Those that need torch (dense, finetune, vllm) bring gigabytes of CUDA from PyPI.
ARG EXTRAS=app,server,postgres
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY locked ./locked
COPY allabel ./allabel
COPY app ./app
COPY eval ./eval
COPY retrieval ./retrieval
RUN python -m pip install --require-hashes -r locked/build.txt \
    && python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .
# The versions that are tested, each file by its hash. EXTRAS of other names need LOCKED=0, which takes the newest.
ARG LOCKED=1
RUN [ "$LOCKED" = 0 ] \
    || python -m pip download --require-hashes --no-deps --only-binary :all: --dest /locked -r locked/container.txt
# Without pip of its own: nothing is installed at run time.
RUN python -m venv --without-pip /opt/allabel \
    && if [ "$LOCKED" != 0 ]; then export PIP_NO_INDEX=1 PIP_FIND_LINKS=/locked; fi \
    && python -m pip --python /opt/allabel/bin/python install "$(echo /wheel/allabel-*.whl)[${EXTRAS}]"

FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="allabel" \
      org.opencontainers.image.description="Named entities in science: annotate a little, have the rest tagged" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The base brings tools to install with, which nobody needs here any more.
RUN python -m pip uninstall --yes pip setuptools wheel
# By number, so that a cluster can see that it is not root, and that folders of the host can be given to it.
RUN groupadd --gid 10001 allabel \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /project --shell /usr/sbin/nologin allabel \
    && install --directory --owner=10001 --group=10001 --mode=0750 /project
COPY --from=build /opt/allabel /opt/allabel
ENV PATH=/opt/allabel/bin:$PATH \
    HOME=/project \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
# The project's folder: commands work on the current one.
WORKDIR /project
EXPOSE 8200 8501
STOPSIGNAL SIGTERM
# The proxy that a company sets by a variable is not for this machine itself.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8200/healthz', timeout=4)"]
ENTRYPOINT ["allabel"]
CMD ["serve", "--host", "0.0.0.0"]
