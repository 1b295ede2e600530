"""An independent small service of the documented API, to test the contract-test kit with."""

from tests.second_opinion.answers import OPTIONS
from tests.second_opinion.bugs import BUGS
from tests.second_opinion.service import Entry, SecondOpinion
from tests.second_opinion.wire import Manner

__all__ = ["BUGS", "OPTIONS", "Entry", "Manner", "SecondOpinion"]
