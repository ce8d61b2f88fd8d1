"""Names of packages that many projects use: what somebody may have meant who wrote another."""

_PIP = """
aiohttp alembic anyio apscheduler arrow asyncpg attrs babel bcrypt beautifulsoup4 black bleach boto3
botocore celery certifi cffi chardet charset-normalizer click cloudpickle colorama coverage cryptography
cython dask datasets dateparser django django-cors-headers djangorestframework docker duckdb email-validator
fabric faker fastapi filelock flake8 flask flask-cors flask-login flask-sqlalchemy gevent gitpython
google-cloud-storage gradio grpcio gunicorn h5py httpx huggingface-hub hypothesis idna imageio
importlib-metadata ipython isort itsdangerous jinja2 joblib jsonschema jupyter keras kubernetes langchain
lightgbm lxml mako markdown markupsafe marshmallow matplotlib mock more-itertools msgpack mypy mysqlclient
networkx nltk notebook numba numpy openai opencv-python openpyxl orjson packaging pandas paramiko passlib
peewee pillow pip plotly poetry polars pre-commit prettytable prometheus-client protobuf psutil psycopg
psycopg2 psycopg2-binary pyarrow pycryptodome pydantic pydantic-settings pygame pygments pyjwt pylint
pymongo pymysql pynacl pyopenssl pypdf pyserial pytest pytest-asyncio pytest-cov pytest-mock pytest-xdist
python-dateutil python-docx python-dotenv python-multipart pytz pyyaml rapidfuzz redis regex requests
requests-oauthlib rich ruff s3fs scikit-image scikit-learn scipy scrapy seaborn selenium sentry-sdk
setuptools shapely simplejson six sklearn-pandas sphinx sqlalchemy sqlmodel starlette statsmodels streamlit
structlog sympy tabulate tenacity tensorflow textual tokenizers toml tomlkit torch torchvision tornado tox
tqdm transformers trio twine twisted typer typing-extensions tzdata ujson urllib3 uvicorn uvloop virtualenv
watchdog websocket-client websockets werkzeug wheel wrapt xgboost xmltodict yarl zstandard
"""
_NPM = """
@angular/core @babel/core @babel/preset-env @reduxjs/toolkit @testing-library/react @types/jest @types/node
@types/react @typescript-eslint/eslint-plugin @typescript-eslint/parser @vitejs/plugin-react ajv antd
apollo-server autoprefixer axios babel-jest babel-loader bcrypt bcryptjs body-parser bootstrap chai chalk
cheerio chokidar classnames commander compression concurrently cookie-parser cors cross-env css-loader
cypress d3 date-fns dayjs debug dotenv ejs electron esbuild eslint eslint-config-prettier
eslint-plugin-import eslint-plugin-react express express-rate-limit express-session express-validator
fastify formik framer-motion fs-extra glob graphql helmet html-webpack-plugin http-proxy-middleware husky
immer inquirer ioredis jest joi jquery js-yaml jsdom jsonwebtoken knex koa lint-staged lodash lodash-es
luxon marked minimist mocha moment mongodb mongoose morgan multer mysql2 nanoid next node-fetch nodemailer
nodemon nuxt openai ora passport pg pino playwright postcss prettier prisma prop-types puppeteer
query-string ramda react react-dom react-hook-form react-redux react-router react-router-dom redis redux
redux-thunk request rimraf rollup rxjs sass semver sequelize sharp shelljs sinon socket.io socket.io-client
sqlite3 storybook style-loader styled-components supertest svelte swr tailwindcss three ts-jest ts-loader
ts-node tslib tsx turbo typeorm typescript underscore uuid validator vite vitest vue vue-router vuex webpack
webpack-cli webpack-dev-server winston ws yargs yup zod zustand
"""
WELL_KNOWN = {"pip": frozenset(_PIP.split()), "npm": frozenset(_NPM.split())}
"""By the client that finds them."""
