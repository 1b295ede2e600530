"""An independent small service of the documented API, to hold the contract-test kit against."""

from tests.second_opinion.answers import OPTIONS
from tests.second_opinion.bugs import BUGS
from tests.second_opinion.service import Entry, SecondOpinion
from tests.second_opinion.wire import Manner

__all__ = ["BUGS", "OPTIONS", "Entry", "Manner", "SecondOpinion"]
