"""Names for runs that nobody named: two words and a number, easy to say and to tell apart."""

from __future__ import annotations

import random

_FIRST = """
    able amber ample arctic azure bold brave bright brisk calm candid careful cedar civil clear clever coral cosmic
    crisp curious daring deft eager early even exact fair fast fine fleet fond frank fresh gentle glad golden grand
    green happy hardy honest humble jolly just keen kind level light lively loyal lucid lucky lunar mellow merry
    mighty mild modest neat nimble noble open patient plain polite proud pure quick quiet rapid rare ready robust
    rosy round royal sandy serene sharp silent silver simple sincere smart smooth snowy sober solar solid spry
    stable steady still stout sunny sure swift tidy tranquil true upbeat vast vivid warm wise witty worthy zesty
"""
_SECOND = """
    acorn anchor arbor aspen badger balance bay beacon beam bear birch bison brook canyon cedar cliff cloud clover
    comet compass condor coral cove crane creek cricket crow dale dawn deer delta dove dune eagle elk elm ember
    falcon fern field finch fjord forest fox garden gecko glacier glade grove gull harbor hare hawk hazel heath
    hedge heron hill ibis island ivy jay juniper kestrel kite lake lark laurel leaf lemur lever lily linden lotus
    lynx maple marten meadow moon moose moss mountain oak oasis ocean orchid otter owl panda pebble petrel pine
    plover pond poplar puffin quail rain raven reef ridge river robin sage scale seal sky slope snow sparrow spring
    star stone stork stream swan tern thistle thrush tide trail valley walnut wave weight willow wind wolf wren yew
"""


def new_run_name() -> str:
    """Return a name such as ``steady-heron-417``."""
    pick = random.SystemRandom()  # of its own: neither follows nor disturbs the seed of anyone's experiment
    return f"{pick.choice(_FIRST.split())}-{pick.choice(_SECOND.split())}-{pick.randrange(1000)}"
