"""What a service or a board stands on beside the engine: workbooks, calendar files, words for what
changed. The commands stand on the same."""

from evalflow._public import lazily

__getattr__, __dir__, __all__ = lazily(__name__)
