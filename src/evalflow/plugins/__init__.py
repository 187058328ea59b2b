"""What a plugin may provide, and one engine's plugins: found, held to their word, given options.

- `hooks`: what a plugin may answer; `builtin`: what evalflow provides by the same hooks;
- `notifier` and `forms`: what those are (scorers: `evalflow.scoring.contract`);
- `installed`: the plugins of one engine; `entry_points`, `finding`, `loading`, `checking`: how they
  are found and what is wrong with them; `options`: what they declare; `calls`, `bound`, `scorers`:
  their code, guarded.
"""

from evalflow._public import lazily

__getattr__, __dir__, __all__ = lazily(__name__)
