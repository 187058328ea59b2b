"""What `manage.py migrate` knows of the app: no table."""
