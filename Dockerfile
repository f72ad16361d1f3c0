FROM python:3.13-slim AS build
WORKDIR /srv/gonghai
RUN python -m venv .venv
COPY requirements.txt .
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/srv/gonghai/.venv/bin:$PATH \
    APP_ENV=production HOST=0.0.0.0 PORT=5000
WORKDIR /srv/gonghai
RUN useradd --system --uid 1000 --home-dir /srv/gonghai gonghai \
    && install -d -o gonghai -g gonghai -m 0700 instance
COPY --from=build /srv/gonghai/.venv .venv
COPY config.py worker.py gunicorn.conf.py ./
COPY migrations migrations
COPY app app
USER gonghai
EXPOSE 5000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["gunicorn", "app:create_app()"]
