"""The estate that the sandbox plays, and its time."""

from sandbox.world.clock import DAY, Clock, iso, stamp
from sandbox.world.findings import Check, Finding
from sandbox.world.places import ConfigRule, Place
from sandbox.world.resources import Resource
from sandbox.world.world import STEP, World

__all__ = ["DAY", "STEP", "Check", "Clock", "ConfigRule", "Finding", "Place", "Resource", "World", "iso", "stamp"]
