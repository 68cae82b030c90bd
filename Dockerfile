# The pipeline and the chat in one image: `make build`, then `make run DATA_DIR=/path/to/archive FRIEND='Friend Name'`.
# An archive is mounted read-only at /archive; results stay in the volume /results; no network is needed to run.

FROM python:3.11-slim-bookworm AS builder
RUN python -m pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PROJECT_ENVIRONMENT=/opt/venv UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY pyproject.toml uv.lock ./
# The headers that custom TensorFlow operations would be compiled with are a tenth of the image, and unused.
RUN uv sync --locked --no-dev && rm -rf /opt/venv/lib/python3.11/site-packages/tensorflow/include

FROM python:3.11-slim-bookworm
# DVC works on a git repository. An experiment is a commit, which needs an identity; a volume may belong to any user.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && git config --system safe.directory '*' \
 && git config --system user.name friendbot \
 && git config --system user.email friendbot@localhost \
 && git config --system init.defaultBranch main \
 && mkdir --mode 1777 /results
COPY --from=builder /opt/venv /opt/venv
COPY . /app
# An image is easily handed on: it must not name a person. Its repository is a fresh one, without the history of this.
RUN cd /app \
 && for file in params.yaml $(ls dvc.lock 2>/dev/null); do \
      grep -q data/demo/ "$file" || { echo "$file names an archive of yours: git restore params.yaml dvc.lock, then build"; exit 1; }; \
    done \
 && git init --quiet . && git add --all && git commit --quiet --message "The image's repository"
# Home and name serve a user that the image does not know (--user), and a root file system that is read-only.
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp USER=friendbot PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1 \
    DVC_SITE_CACHE_DIR=/results/.dvc/tmp/site GIT_PAGER=cat
USER 10001:10001
WORKDIR /results
VOLUME /results
ENTRYPOINT ["python", "/app/src/container.py"]
