# fairlead as an image: docker build --tag fairlead .
# Packages come from wherever your pip is set to look; give a mirror with --build-arg PIP_INDEX_URL.
ARG PYTHON=python:3.13-slim
FROM ${PYTHON} AS build
ARG PIP_INDEX_URL
WORKDIR /build
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /opt/fairlead \
 && /opt/fairlead/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY integrations integrations
# the build's own tools, away from what is shipped
RUN python -m venv /opt/tools \
 && /opt/tools/bin/pip install --no-cache-dir hatchling \
 && for part in . integrations/generic integrations/microsoft; do \
      (cd "$part" && /opt/tools/bin/python -m hatchling build -t wheel -d /dist) || exit 1; \
    done \
 && /opt/fairlead/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM ${PYTHON}
RUN useradd --system --uid 10001 --home-dir /var/lib/fairlead --create-home fairlead
COPY --from=build /opt/fairlead /opt/fairlead
ENV PATH=/opt/fairlead/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    FAIRLEAD_LOG_FORMAT=json \
    FAIRLEAD_DATABASE_URL=sqlite:////var/lib/fairlead/fairlead.sqlite
USER 10001
WORKDIR /var/lib/fairlead
VOLUME /var/lib/fairlead
EXPOSE 3003
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3003/health', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["fairlead"]
CMD ["serve", "--host", "0.0.0.0"]
