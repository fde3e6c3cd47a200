"""RFC 6902 as the API server applies it: add, remove, replace and test, strict about what is there."""


def _step(at, token: str):
    if isinstance(at, list):
        assert token.isdigit() and int(token) < len(at), f"no element {token}"
        return at[int(token)]
    assert isinstance(at, dict) and token in at, f"no member {token}"
    return at[token]


def apply(document, patch: list[dict]):
    """Changes `document` and returns it."""
    for operation in patch:
        assert set(operation) == ({"op", "path"} if operation["op"] == "remove" else {"op", "path", "value"})
        assert operation["path"].startswith("/"), "only the whole document has another path, and it is not ours"
        *parents, last = [token.replace("~1", "/").replace("~0", "~") for token in operation["path"].split("/")[1:]]
        at = document
        for token in parents:
            at = _step(at, token)
        if operation["op"] == "test":
            assert _step(at, last) == operation["value"]
        elif operation["op"] == "add" and isinstance(at, list):
            index = len(at) if last == "-" else int(last)
            assert 0 <= index <= len(at)
            at.insert(index, operation["value"])
        elif operation["op"] == "add":
            assert isinstance(at, dict)
            at[last] = operation["value"]
        else:
            _step(at, last)
            key = int(last) if isinstance(at, list) else last
            if operation["op"] == "remove":
                del at[key]
            else:
                assert operation["op"] == "replace"
                at[key] = operation["value"]
    return document
