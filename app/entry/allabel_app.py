"""What `streamlit run` serves: the page of `main.py`, behind the headers of `app.headers` and the door of `app.door`.

Streamlit finds the application by its assignment here and imports this file by its bare name, from this folder.
"""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from app.door import Door
from app.headers import Headers
from app.keeping import ROUTE

streamlit_app = App(
    Path(__file__).with_name("main.py"), routes=[ROUTE], middleware=[Middleware(Headers), Middleware(Door)]
)
