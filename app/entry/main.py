"""What `streamlit run` runs. It stands alone: streamlit puts its folder on Python's path."""

from app.shell import main

main()
