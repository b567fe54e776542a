# For a work pool of type docker: `docker build --tag crowdglot .`, then
# `crowdglot deploy RECIPE --image crowdglot` (docs/schedule.md). Its model is served elsewhere.
FROM python:3.11-slim
ENV CROWDGLOT_HOME=/opt/crowdglot PYTHONSAFEPATH=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/crowdglot
COPY requirements/run.txt requirements/
RUN pip install --no-deps --require-hashes --requirement requirements/run.txt
COPY . .
RUN pip install --no-deps --no-build-isolation --editable .
