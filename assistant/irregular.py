"""English words whose forms share no stem: "began" is "begin", "held" is "hold", "men" are "man".

Knows words alone. A stemmer cuts endings off, which finds "crossed" and "crosses" in "cross"; these it leaves apart.
Left out are forms that are as often words of their own: "born", "cut", "lay", "wound".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_FORMS: Final = """
arise arose arisen|awake awoke awoken|become became|begin began begun|bend bent|bid bade bidden|bind bound|bite bitten
bleed bled|blow blew blown|break broke broken|breed bred|bring brought|build built|burn burnt|buy bought|catch caught
choose chose chosen|cling clung|come came|creep crept|deal dealt|dig dug|draw drew drawn|dream dreamt|drink drank drunk
drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|find found|flee fled|fling flung
fly flew flown|forbid forbade forbidden|foresee foresaw foreseen|foretell foretold|forget forgot forgotten
forgive forgave forgiven|freeze froze frozen|get got gotten|give gave given|go went gone|grind ground|grow grew grown
hang hung|hear heard|hide hid hidden|hold held|keep kept|know knew known|lay laid|lead led|lean leant|leap leapt
learn learnt|leave left|lend lent|light lit|lose lost|make made|mean meant|meet met|mislead misled
mistake mistook mistaken|overcome overcame|oversee oversaw overseen|overtake overtook overtaken
overthrow overthrew overthrown|partake partook partaken|pay paid|rebuild rebuilt|repay repaid|resell resold
retake retook retaken|rewrite rewrote rewritten|ride rode ridden|ring rang rung|rise rose risen|run ran|see saw seen
seek sought|sell sold|send sent|shake shook shaken|shine shone|shoot shot|shrink shrank shrunk|sing sang sung
sink sank sunk|sit sat|sleep slept|slide slid|speak spoke spoken|speed sped|spend spent|spin spun|spring sprang sprung
stand stood|steal stole stolen|stick stuck|strike struck stricken|strive strove striven|swear swore sworn|sweep swept
swell swollen|swim swam swum|swing swung|take took taken|teach taught|tear tore torn|think thought|throw threw thrown
tread trod trodden|undergo underwent undergone|understand understood|undertake undertook undertaken|uphold upheld
wake woke woken|wear wore worn|weave wove woven|weep wept|win won|withdraw withdrew withdrawn|withhold withheld
withstand withstood|write wrote written|child children|foot feet|goose geese|man men|mouse mice|ox oxen|tooth teeth
woman women|wife wives|wolf wolves|knife knives|half halves|loaf loaves|shelf shelves|thief thieves|calf calves
""".replace("\n", "|").strip("|")

PLAIN: Final[Mapping[str, str]] = MappingProxyType(
    {form: plain for plain, *others in (family.split() for family in _FORMS.split("|")) for form in others}
)
"""Each other form → the plain one."""
