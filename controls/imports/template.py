"""CloudFormation's YAML and JSON, read as data: no objects are made and aliases may not multiply."""

from __future__ import annotations

from math import isfinite
from typing import Any

import yaml
from django.utils.translation import gettext as _

from controls.imports.refusals import NOTHING_KEPT, refused

MOST_NODES = 300_000
DEEPEST = 60


class _Loader(yaml.CSafeLoader):
    """Dates stay text: 2012-10-17 is the name of a policy language, no day."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in resolvers if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> Any:
    """The template as dicts, lists and scalars; `!Ref x` as {"Ref": x}. Raises Refused with the line."""
    loader = _Loader(text)
    try:
        _check_events(text)
        root = loader.get_single_node()
        if root is None:
            raise refused(_("The template is empty."), _("line 1"))
        _measure(root, {}, 0)
        return _plain(loader, root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = ""
        if mark:
            place = _("line %(line)s, column %(column)s") % {"line": mark.line + 1, "column": mark.column + 1}
        raise refused(_("Not YAML: %(error)s.") % {"error": error.problem or error.context}, place) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise refused(_("Not YAML: %(error)s") % {"error": str(error)[:200]}) from error
    finally:
        loader.dispose()


def line_of(text: str, *path: str) -> str:
    """Where the value at a path stands, as far as the path leads."""
    node: Any = yaml.compose(text, Loader=_Loader)
    for step in path:
        found = [pair for pair in node.value if pair[0].value == step] if isinstance(node, yaml.MappingNode) else []
        if not found:
            break
        node = found[0][1]
    return _("line %(line)s, %(path)s") % {"line": node.start_mark.line + 1, "path": "/".join(path)}


def _check_events(text: str) -> None:
    """Raises Refused before a node is made: composing goes as deep as the text does, and C knows no limit to that."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise refused(_("Nested deeper than %(deepest)s levels.") % {"deepest": DEEPEST}, _place(event))
        if number > MOST_NODES:
            raise refused(_("The template has more than %(most)s values.") % {"most": f"{MOST_NODES:,}"}, _place(event))
        if isinstance(event, yaml.ScalarEvent) and "\x00" in event.value:
            raise refused(NOTHING_KEPT, _place(event))


def _place(part: Any) -> str:
    """part: a node or an event."""
    return _("line %(line)s") % {"line": part.start_mark.line + 1}


def _measure(node: yaml.Node, seen: dict[int, int], depth: int) -> int:
    """How many values the node stands for, aliases counted each time. Raises Refused beyond the limits."""
    place = _place(node)
    if depth > DEEPEST:
        raise refused(_("Nested deeper than %(deepest)s levels.") % {"deepest": DEEPEST}, place)
    if id(node) in seen:
        if not seen[id(node)]:
            raise refused(_("An alias contains itself."), place)
        return seen[id(node)]
    seen[id(node)] = 0
    total = 1
    inner = node.value if isinstance(node, yaml.CollectionNode) else []
    for one in inner:
        for part in one if isinstance(one, tuple) else (one,):
            total += _measure(part, seen, depth + 1)
            if total > MOST_NODES:
                raise refused(
                    _("With its aliases the template has more than %(most_nodes)s values.")
                    % {"most_nodes": f"{MOST_NODES:,}"},
                    place,
                )
    seen[id(node)] = total
    return total


def _plain(loader: Any, node: yaml.Node) -> Any:
    if node.tag.startswith("!"):
        return _intrinsic(loader, node)
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        raise refused(_("The tag %(tag)s is not accepted.") % {"tag": node.tag}, _place(node))
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in made:
                raise refused(_("The key %(name)s is there twice.") % {"name": repr(name)}, _place(key))
            made[name] = _plain(loader, value)
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, one) for one in node.value]
    return _scalar(loader, node)


def _scalar(loader: Any, node: yaml.Node) -> Any:
    """Raises Refused where the value is none of its tag's, or a number that JSON has not."""
    try:
        value = loader.construct_object(node)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise refused(f"{node.value[:80]!r} is no {node.tag.rpartition(':')[2]}.", _place(node)) from error
    if isinstance(value, float) and not isfinite(value):
        raise refused(f"{node.value!r} is no number.", _place(node))
    return value


def _intrinsic(loader: Any, node: yaml.Node) -> dict[str, Any]:
    """`!GetAtt a.b` as {"Fn::GetAtt": …}; Ref and Condition have no prefix."""
    name = node.tag[1:]
    key = name if name in {"Ref", "Condition"} else f"Fn::{name}"
    if isinstance(node, yaml.SequenceNode):
        return {key: [_plain(loader, one) for one in node.value]}
    if isinstance(node, yaml.MappingNode):
        return {key: {str(part.value): _plain(loader, value) for part, value in node.value}}
    return {key: node.value}
