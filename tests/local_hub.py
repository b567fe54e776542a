"""Run a command against an empty hub on loopback, to see what it would publish.

``python -m tests.local_hub crowdglot publish outputs/datasets/demo --repo me/demo``: no account, no
token, nothing leaves this machine. What the hub then holds is printed, and gone with it; the exit
code is the command's.
"""

import os
import subprocess
import sys

from tests.hub_store import WRITER, stored_hub


def main(words: list[str]) -> int:
    """The exit code of the command ``words``."""
    if not words:
        print("Give a command: python -m tests.local_hub crowdglot publish …", file=sys.stderr)
        return 2
    with stored_hub() as hub:
        own = {"HF_ENDPOINT": hub.url, "HF_TOKEN": WRITER, "NO_PROXY": "127.0.0.1"}
        own |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}  # blocks of Xet are not read
        code = subprocess.run(words, env=os.environ | own, check=False).returncode
        for name, stored in hub.repositories.items():
            print(f"{name} holds, as {', '.join(stored.tags) or 'nothing tagged'}:")
            for path, content in sorted(stored.files.items()):
                print(f"  {path}: {len(content):,} bytes")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
