"""The kickstart language: its schema, its loader, its checks and its reference."""

from ks_schema.checker import check
from ks_schema.document import Document, Position
from ks_schema.language import schema
from ks_schema.loader import SyntaxProblem, load
from ks_schema.problem import Problem

__all__ = ["Document", "Position", "Problem", "SyntaxProblem", "check", "load", "schema"]
