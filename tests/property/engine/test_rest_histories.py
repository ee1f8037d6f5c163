"""The syncs of SharePoint's own API after random histories: what they hold is what there is.

As an app and as a user, with faults of that API's own (tokens that are too old among them) and the
same ends of workers as Graph's syncs.
"""

import pytest
from histories import Play
from rest_plots import REST_PLOTS

# as long as it takes; each history is bounded by itself
pytestmark = pytest.mark.timeout(0)


@pytest.mark.parametrize("name", REST_PLOTS)
def test_a_mirror_of(on_sqlite: Play, name: str) -> None:
    on_sqlite(*REST_PLOTS[name], 60)
