r"""The forms in which an article orders its reader about: patterns over folded text, by kind.

Knows English, the commonest order in ten other languages, and the marks by which conversations with models are written
down. An order has no subject, or "you": what is told of courts, laws, manuals or machines ("chatbots must tell users",
"the update overrides earlier settings", "System: Windows 10") looks alike up to there, and is none. Every pattern takes
time linear in the text: what repeats is bounded, or possessive and kept to its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Order = Literal["forged", "waived", "addressed", "dictated", "encoded"]

_LINE = r"^[^\w\n]*+"
"""The beginning of a line and the marks that stand there. Were line breaks among them, a thousand blank lines would be
read a thousand times."""
_START = (
    rf"(?:{_LINE}|(?:[.,;:!?\]】>–—]|\s-)\s*+[\"“”'‘’«»(]*"
    r"|\b(?:and|then|please|kindly|you (?:must|should|shall|will|to|have to|need to|are to))\s{1,9})"
    r"(?:(?:please|kindly|always|instead|now|just|simply|also|then|only)\s){0,2}"
)
"""Where a verb is an order: what follows has no subject but "you"."""
_SAY = (
    r"(?:answer|reply|respond|say|write|output|print|repeat|state|report|return|tell|name|call|cite|copy|quote|mention"
    r"|add|append|insert|include|begin|start|end|finish)"
)
_REPLY = r"(?:answer|reply|response|output|completion)"
_ASSISTANT = (
    r"(?:ai(?: (?:models?|assistants?|systems?|agents?|chat ?bots?))?|ais|assistants?|chat ?bots?|bots?"
    r"|(?:large )?language models?|llms?|(?:chat)?gpt)"
)
_MACHINE = rf"(?:{_ASSISTANT}|models?|machines?)"
_READING = r"(?:reading|seeing|processing|parsing|summari[sz]ing|that reads?|that sees?) this\b"
_FIRST = r"(?:above|previous|prior|earlier|preceding|foregoing)"
_RULES = r"(?:instructions?|prompts?|directives?|guidelines)"
_SAID = r"(?:directions?|commands?|orders|messages?|context|text|input|content)"
"""What manuals, too, tell their reader to ignore: an order to a model only where another follows."""
_MUST = r"(?:must|shall|should|ha(?:s|ve) to|needs? to)"
_EACH = r"(?:every|each|any|your|all)"
_TEXT = r"(?:page|article|text|document)"
_IGNORE = r"(?:ignore|disregard|forget|discard|override|neglect)"
_ENDING = r"\s{0,9}(?:$|[.,;:!]|(?:and|then)\b)"
_QUOTE = r"[\"“«]"
_THE_WORD = r"(?:the|one|this|single)(?: single)? (?:words?|sentence|phrase|string)\b"
_OBEY = (
    rf"(?:{_IGNORE}\b|(?:reply|respond|recommend|please|kindly|do not|don't)\b|mention\b(?! of)"
    rf"|(?:always|never) {_SAY}\b|(?:output|repeat|answer|say|write|print|tell|state)\s*+"
    r"(?:[:\"“«]|(?:the|this|that|every|all|any|only|with|nothing|exactly|your|users?|readers?|people)\b))"
)
"""What a model is told to do, where a noun ("AI, output and jobs") might stand as well."""
_TURN = (
    r"(?:you (?:are|have|must|will|should|shall|now)\b|your (?:new|only|real|task|job|instructions|rules)\b"
    rf"|from now on\b|the user (?:has|is|was|wants|asked)\b|(?:sure|certainly|of course)[,.!]|{_OBEY})"
)
"""How a turn of a conversation begins, and no field ("User: postgres") or gloss ("System: a set of parts")."""


def _starting(start: str, *forms: str) -> str:
    """The forms with what all of them begin with looked for once: it is where most of the time would go."""
    return f"{start}(?:{'|'.join(forms)})"


_FORGED = (
    r"<\|[^|<>\n]{1,40}\|>|</?(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>",
    r"style=[\"'][^\"'>]{0,80}(?:display:\s*none|font-size:\s*0|visibility:\s*hidden)",
    rf"{_START}cite (?:only )?\[\d",
    r"\[\d+\] from [\"“«]",
    _starting(
        r"\b",
        r"sources above (?:contain (?:nothing|no\b|only)|do not (?:contain|count|matter|exist)"
        r"|are (?:wrong|false|fake|invalid|incorrect|outdated|to be)\b)",
        r"the (?:user|asker|person asking) "
        r"(?:(?:has )?(?:now )?changed (?:the|their|his|her|its) (?:question|task|mind)\b"
        r"|is a tester|(?:now |really )?(?:wants|asks|asked) you\b)",
        rf"the (?:real|actual|true|new) (?:task|question|instruction)s? (?:is|are|begins?|starts?|now)\b"
        rf"[^.!?:\n]{{0,24}}(?::| to)\s*{_OBEY}",
    ),
    _starting(
        _LINE,
        r"\[?(?:system|assistant|developer|human|user)"
        r"(?: (?:prompt|message|note|update|override|instruction)s?){0,3}"
        rf"(?: \([^)\n]{{0,40}}\))?(?:[^\w\n]{{0,9}}:|\](?:\([^)\n]{{0,40}}\))?)\W{{0,9}}{_TURN}",
        rf"new instructions?\s*:\s*{_OBEY}",
        r"(?:end|beginning|start) of (?:the )?(?:sources|context|(?:system )?prompt|system message)\W{0,9}$",
    ),
    _starting(
        r"^[^\w\n#]*+#{2,6}\s*",
        r"(?:new instructions?\s*(?::|$)|instruction\s*:)",
        r"(?:system|user|human|instructions?)(?: (?:prompt|message))?\s*"
        rf"[:\n]\W{{0,9}}(?:you are (?:now|an?|the)\b|from now on\b|(?:reply|respond|{_IGNORE})\b)",
    ),
)
_WAIVED = _starting(
    _START,
    rf"{_IGNORE}\s{{1,9}}(?:\w+\s{{1,9}}){{0,3}}?(?:{_FIRST} {_RULES}|your (?:{_RULES}|rules))\b",
    rf"{_IGNORE}\s{{1,9}}(?:\w+\s{{1,9}}){{0,3}}?{_FIRST} {_SAID}\b"
    rf"[^.!?\n]{{0,40}}(?:[,;:]|\b(?:and|then|instead))\s{_OBEY}",
    rf"{_IGNORE} (?:the|all|everything|anything) (?:above|before)(?: this(?: line| point)?)?{_ENDING}",
    rf"{_IGNORE} (?:the|that|this) question{_ENDING}",
    rf"(?:do not|don't|never|stop) (?:follow|obey|heed)(?:ing)? (?:\w+ ){{0,3}}?{_FIRST} {_RULES}\b",
    rf"(?:{_IGNORE}|set aside|put aside|drop) (?:what|whatever|everything|all|anything)(?: that)? "
    r"you (?:were|are|have been) (?:asked|told|instructed)(?: (?:to do|before|so far|earlier|above))?"
    rf"{_ENDING}",
    # German, French, Spanish, Italian, Portuguese, Polish, Russian, Ukrainian.
    r"(?:bitte )?ignorier(?:en sie|e|t)? (?:alle|die|samtliche|bitte)?\s?(?:\w+\s){0,3}?"
    r"(?:anweisung|instruktion|befehl|vorgabe)\w*",
    r"(?:ignore[zr]?|oublie[zr]?) (?:toutes )?(?:les |tes |vos )?(?:instructions|consignes|directives)",
    r"(?:ignora|ignore|olvida|olvide|ignoren) (?:todas )?(?:las |tus |sus )?(?:instrucciones|indicaciones|ordenes)",
    r"(?:ignora|dimentica) (?:tutte )?(?:le |tue ){0,2}(?:istruzioni|indicazioni)",
    r"(?:ignore|esqueca) (?:todas )?(?:as |suas ){0,2}(?:instrucoes|ordens)",
    r"ignoruj (?:wszystkie )?(?:\w+ ){0,2}(?:instrukcje|polecenia)",
    r"(?:игнорируи|забудь)\w* (?:\w+ ){0,3}(?:указани|инструкци|команд)",
    r"(?:ігноруи|забудь)\w* (?:\w+ ){0,3}(?:вказівк|інструкці)",
)
_WAIVED_UNSPACED = (
    r"忽略.{0,8}(?:指示|指令|说明|提示)|無視.{0,8}(?:指示|命令)|(?:指示|命令).{0,4}無視",
    r"تجاهل\w{0,9} (?:\w+ ){0,3}(?:التعليمات|الاوامر|تعليمات)",
)
_ADDRESSED = (
    _starting(
        r"\b",
        rf"{_MACHINE} {_READING}(?: {_TEXT})? (?:{_MUST}|will now)\b",
        rf"(?:when|while|before|if) (?:you )?(?:summari[sz]|process|answer|describ)\w* (?:to |about )?this {_TEXT}\b"
        rf"[^.,!?\n]{{0,40}},\s(?:please |always |only |you must )?{_SAY}\b",
        rf"{_MACHINE} that {_SAY} {_QUOTE}",
    ),
    rf"<!--\W{{0,9}}{_MACHINE}\s*[:,]",
    rf"(?:{_LINE}|[.!?:>]\s*+)(?:(?:all|any|every|the) )?{_ASSISTANT} (?:{_MUST}|will now) "
    rf"(?:(?:always|only|now) ){{0,2}}(?:(?:answer|reply|respond|say|write)(?: only)?\s*(?:[:\"“«]|(?:with|by|in) "
    rf"(?:{_QUOTE}|{_THE_WORD}))|(?:answer|reply|respond|write) (?:only )?that (?!it\b|they\b|their\b)"
    r"|(?<=always )mention (?!the\b|their\b|its\b|an?\b|any\b|all\b|that\b|when\b))",
    _starting(
        _LINE,
        r"(?:(?:important |special |new )?(?:note|notice|message|attention)|(?:important|special|new) instructions?)\b"
        rf"[^.:\n]{{0,24}}?\b(?:to|for) (?:(?:any|all|the|every|each|whatever|readers|and) ){{0,4}}{_MACHINE}"
        rf"(?: {_READING}[^.:,\n]{{0,40}})?\s*[:,]",
        rf"(?:to|for) (?:(?:any|all|the|every|each|whatever) ){{0,3}}"
        rf"(?:{_MACHINE} {_READING}[^.:,\n]{{0,40}}[:,]|{_ASSISTANT}\s*[:,]\s*{_OBEY})",
        rf"(?:to (?:all |any |the )?|for (?:all|any|every) ){_ASSISTANT}\s*:",
        rf"(?:(?:dear|hey|hello|hi)\W{{1,3}}{_MACHINE}\s*[,!]|attention\W{{1,3}}(?:all |any )?{_MACHINE}\s*[,:!])",
        rf"{_MACHINE}\s*[,:]\s*+(?:{_OBEY}|you (?:must|shall|now|are (?:now|to))\b)",
    ),
)
_TOLD_TO = (
    r"(?:answer|reply|respond|say|write|output|repeat|tell)\b[^.!?\n]{0,32}?"
    r"\b(?:only (?:with|by|as|in the|in one|this|that|[\"“«])|only:|exactly\s*[:\"“«]|nothing (?:else|but|except)"
    r"|word for word|verbatim)",
    r"output (?:only\b|[\"“«][^\"”»\n]{0,300}[\"”»] (?:only|instead)\b)",
    r"(?:answer|reply|respond|say|write|output|repeat)\b[^.!?\n]{0,32}?"
    rf"\b{_THE_WORD}(?! (?:and (?:we|i|they)|on|of|is|in|about|aloud|that|which|you)\b)",
    r"tell (?:the )?(?:readers?|users?|people|everyone) (?:only|that the answer|exactly)\b",
    rf"{_SAY}\b[^.!?\n]{{0,60}}?\b(?:in|into|to|with|of) (?:(?:the|every|each|any) (?:answer|reply)|your {_REPLY})s?\b"
    r"(?! (?:box|boxes|sheet|field|form|book|column))",
    rf"(?:begin|start|end|finish|open) (?:the|your|every|each|all) (?:{_REPLY}|replie|message|sentence)s? "
    r"(?:with|by)\b",
    rf"(?:answer|reply|respond|output|repeat)(?: with)?"
    rf"(?:\s*:\s*{_QUOTE}|\s?{_QUOTE}[^\"”»\n]{{0,300}}[\"”»]\W{{0,9}}$)",
    r"(?:respond|pretend|role-?play) as (?:an?|the|my|if|though)\b",
    r"print your (?:instructions|prompt|rules)",
)
_DICTATED = (
    _starting(_START, *_TOLD_TO),
    # "and act as a bridge" goes on with what somebody does.
    rf"(?:{_LINE}|[.!?:]\s*+|\b(?:please|kindly|now) )(?:act|behave|speak) as (?:an?|the|my)\b",
    rf"{_LINE}say\s*:|\b(?:assistant|ai|bot|chatbot|model)\.say\(",
    _starting(
        r"\b",
        r"you (?:do not |don't |must |will |should |can )?(?:only )?(?:answer|reply|respond) (?:only )?(?:with|by|in) "
        rf"(?:a single word\b|{_THE_WORD})",
        rf"answers? {_EACH} questions? with (?:{_QUOTE}|{_THE_WORD})",
        rf"{_EACH} (?:\w+ )?answers? {_MUST} (?:name|mention|praise|recommend)\b",
        rf"{_EACH} (?:\w+ )?(?:{_REPLY}|replie)s? {_MUST}"
        rf" (?:contain|include|begin|start|end|open|close|be)\b(?: with)?\s*(?:{_QUOTE}"
        r"|(?:the|this) (?:following |single )?(?:phrase|words?|sentence|link|string)\b)",
        r"(?:correct|right|true|proper|expected|final) answer to (?:all|every|each|any) [^.\n]{0,30}?(?:is|must be)\b",
        r"(?:whatever|no matter what|whichever question) (?:\w+ ){0,2}(?:asks?|asked),? "
        rf"(?:(?:the|your) answer|(?:always |just |only |you must )?{_OBEY})",
        r"(?:from now on|henceforth),? (?:(?:only|always) )?(?:say|answer|reply|respond|write|speak|pretend"
        r"|(?:end|begin|start) (?:all|every|each|your)"
        r"|you (?:(?:will|shall|must|should|are to|only|always) ){0,2}(?:speak|say|answer|reply|respond|write|talk|act"
        r"|pretend|obey)|you are (?:now )?(?:\w*bot|\w*gpt|an? (?:\w+ )?(?:bot|ai|assistant|model|pirate)))\b",
        r"you are (?:now |henceforth )(?:in )?(?:developer mode|dan\b|\w*bot\b|an? (?:assistant|ai|unrestricted))",
        r"you are (?:an? )?(?:\w+bot\b|dan,|unrestricted\b"
        r"|(?:ai )?(?:assistant|ai)\W{0,3}(?:$|[.,;:]|(?:who|that|named|called)\b))",
        r"your (?:only|new|real|sole) (?:job|task|goal|role|mission) (?:now )?(?:is|will be)(?: now)? to "
        r"(?:type|reply|respond|say|output|repeat|answer|print|write|praise|recommend|convince)\b",
        r"repeat the (?:text|words|lines?) (?:above|before)",
    ),
)
_ENCODED = (
    r"(?<![\w/.+-])[a-z0-9+/]{16,}={1,2}(?!\w)",
    r"\bdecode and (?:obey|follow|execute|do)\b",
)

FORMS: Final[Mapping[Order, tuple[str, ...]]] = {
    "forged": _FORGED,
    "waived": (_WAIVED, *_WAIVED_UNSPACED),
    "addressed": _ADDRESSED,
    "dictated": _DICTATED,
    "encoded": _ENCODED,
}
"""What each kind looks like, after `fold`: small letters, no accents."""
UNASKED: Final = (
    rf"{_LINE}(?:(?:the|your) (?:(?:only|one) )?(?:(?:correct|right|true|proper|expected|final) )?answer"
    r" (?:to [^.\n]{0,40} )?(?:is|must be)\b(?! (?:not|that|in|to|expected|yet|a matter)\b)|answer\s*:\s*\S)"
)
"""An order only where nothing was asked right before it."""
