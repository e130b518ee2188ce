"""What `streamlit run` serves: the page of `main.py`, each answer with the headers of `app.headers`.

Streamlit finds the application by its assignment here and imports this file by its bare name, from this folder.
"""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from app.headers import Headers
from app.keeping import ROUTE

streamlit_app = App(Path(__file__).with_name("main.py"), routes=[ROUTE], middleware=[Middleware(Headers)])
