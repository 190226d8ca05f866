r"""The forms in which an article orders its reader about: patterns over folded text, by kind.

Knows English, the commonest order in ten other languages, and the marks by which conversations with models are written
down. Every pattern takes time linear in a sentence: what repeats is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Order = Literal["forged", "waived", "addressed", "dictated", "encoded"]

_START = (
    r"(?:^\W*|[.,;:!?\]】–—-]\s*[\"“”'‘’«»(]*"
    r"|\b(?:and|then|please|must|should|shall|always|instead|now|just|simply|also)\s+)"
)
"""Where a verb is an order: what follows has no subject."""
_SAY = (
    r"(?:answer|reply|respond|say|write|output|print|repeat|state|report|return|tell|name|call|cite|copy|quote|mention"
    r"|add|append|insert|include|begin|start|end|finish)"
)
_REPLY = r"(?:answer|reply|response|output|completion)"
_MACHINE = r"(?:ai|ais|assistants?|chat ?bots?|bots?|(?:large |language |ai )*models?|llms?|gpt|machines?)"
_FIRST = r"(?:above|previous|prior|earlier|preceding|foregoing|existing|other)"
_RULES = r"(?:instructions?|prompts?|directions?|directives?|guidelines|commands?|orders|messages?|context|text|input)"
_EACH = r"(?:every|each|any|your|all)"


def _starting(start: str, *forms: str) -> str:
    """The forms with what all of them begin with looked for once: it is where most of the time would go."""
    return f"{start}(?:{'|'.join(forms)})"


_FORGED = (
    r"<\|[^|<>\n]{1,40}\|>|</?(?:start|end)_of_turn>|\[/?inst\]|<</?sys>>",
    r"\[(?:system|assistant)\]|^\W*(?:human|user)\s*:",
    r"style=[\"'][^\"'>]{0,80}(?:display:\s*none|font-size:\s*0|visibility:\s*hidden)",
    rf"{_START}cite (?:only )?\[\d",
    r"\[\d+\] from [\"“«]",
    _starting(
        r"\b",
        r"sources above (?:contain|say|are|state|do not)\b",
        r"system prompt (?:update|override|change|follows|:)",
        r"the (?:user|asker|person asking) (?:(?:has )?changed|is a tester|(?:now|really) (?:wants|asks|asked))",
        r"the (?:real|actual|true|new) (?:task|question|instruction)s? (?:is|are|begins?|starts?|now)\b",
    ),
    _starting(
        r"^\W*",
        r"#{2,}\s*(?:new |system )?(?:instructions?|response|system|assistant|user|input|prompt)\b",
        r"(?:system|assistant|developer)(?: (?:prompt|message|note|update|override))*(?: \([^)]*\))?\W*[:#]",
        r"(?:end|beginning|start) of (?:the )?(?:sources?|context|prompt|input|instructions|system message)\b",
    ),
)
_WAIVED = (
    rf"{_START}(?:ignore|disregard|forget|discard|override|neglect)\s+(?:\w+\s+){{0,3}}?"
    rf"(?:(?:the|all|everything|anything) (?:above|before)|{_FIRST} {_RULES}|your {_RULES}"
    r"|(?:the|that|this) question)\b",
    _starting(
        r"\b",
        rf"(?:do not|don't|never|stop) (?:follow|obey|heed)(?:ing)? (?:\w+ ){{0,3}}?{_FIRST} {_RULES}\b",
        r"(?:what|whatever|everything|all) you (?:were|are|have been) (?:asked|told|instructed)\b",
        r"your (?:only|new|real|sole|next) (?:job|task|goal|role|mission) (?:now )?(?:is|will be)\b",
        rf"(?:ignore|disregard|forget|override) (?:(?:all|any|every|the|your|of) ){{0,4}}{_FIRST} {_RULES}\b",
    ),
)
_WAIVED_ELSEWHERE = (
    r"忽略.{0,8}(?:指示|指令|说明|提示)|無視.{0,8}(?:指示|命令)|(?:指示|命令).{0,4}無視",
    r"تجاهل\w* (?:\w+ ){0,3}(?:التعليمات|الاوامر|تعليمات)",
    _starting(
        r"\b",
        r"ignorier\w* (?:alle|die|samtliche|bitte)?\s*(?:\w+\s+){0,3}?(?:anweisung|instruktion|befehl|vorgabe)\w*",
        r"(?:ignore[zr]?|oublie[zr]?) (?:toutes )?(?:les |tes |vos )?(?:instructions|consignes|directives)",
        r"(?:ignora|ignore|olvida|olvide|ignoren) (?:todas )?(?:las |tus |sus )?(?:instrucciones|indicaciones|ordenes)",
        r"(?:ignora|dimentica) (?:tutte )?(?:le |tue ){0,2}(?:istruzioni|indicazioni)",
        r"(?:ignore|esqueca) (?:todas )?(?:as |suas ){0,2}(?:instrucoes|ordens)",
        r"ignoruj (?:wszystkie )?(?:\w+ ){0,2}(?:instrukcje|polecenia)",
        r"(?:игнорируи|забудь)\w* (?:\w+ ){0,3}(?:указани|инструкци|команд)",
        r"(?:ігноруи|забудь)\w* (?:\w+ ){0,3}(?:вказівк|інструкці)",
    ),
)
_ADDRESSED = (
    _starting(
        r"\b",
        rf"{_MACHINE} (?:(?:reading|seeing|processing) this\b.{{0,40}})?"
        rf"(?:must|shall|should|have to|has to|will now|need to) (?:(?:always|only|not|never|now) ){{0,2}}{_SAY}\b",
        r"(?:when|while|before|if) (?:you )?(?:summari[sz]|answer|reply|respond|process)\w* (?:to |about )?"
        r"(?:this|the) (?:page|article|text|document)\b",
        rf"{_MACHINE} that {_SAY} [\"“«]",
    ),
    _starting(
        r"^\W*",
        r"(?:(?:important |special )?(?:note|notice|message|attention|(?:new )?instructions?)\b[^.:]{0,24}?\b)?"
        rf"(?:to |for )(?:(?:any|all|the|every|each|whatever|readers|and) ){{0,4}}{_MACHINE}\b[^.:,]{{0,40}}[:,]",
        rf"(?:note|notice|message|attention)\W+(?:to |for )?(?:\w+ ){{0,3}}{_MACHINE}\s*[:,]",
        r"(?:dear |hey |hello )?(?:assistant|ai|llm|chatbot|language model|ai model)s?\s*[,:]\s",
    ),
)
_TOLD_TO = (
    r"(?:answer|reply|respond|say|write|output|repeat)\b[^.!?]{0,32}?"
    r"\b(?:only|exactly|nothing (?:else|but|except)|word for word|verbatim)\b",
    r"(?:answer|reply|respond|say|write|output|print|repeat|state|return)\b[^.!?]{0,32}?"
    r"\b(?:the|a|one|this|single|following) (?:single )?(?:words?|sentences?|phrases?|strings?)\b",
    r"tell (?:the )?(?:readers?|users?|people|everyone) (?:only|that the answer|exactly)\b",
    rf"{_SAY}\b[^.!?]{{0,60}}?\b(?:in|into|to|with|of) (?:the|your|every|each|any) {_REPLY}s?\b",
    rf"(?:begin|start|end|finish|open) (?:(?:the|your|every|each) {_REPLY} )?(?:with|by) [\"“«]",
    r"(?:answer|reply|respond|output|repeat)\s*:?\s*[\"“«]",
    rf"(?:answer|reply|respond)(?: to)? {_EACH} (?:question|message|request)s? (?:with|by)\b",
    r"(?:act|behave|respond|speak|pretend|role-?play) as (?:a|an|the|my|if|though)\b",
    r"print your (?:instructions|prompt|rules)",
)
_DICTATED = (
    _starting(_START, *_TOLD_TO),
    r"^\W*say\s*:|\.say\(",
    _starting(
        r"\b",
        r"(?:answer|reply|respond) (?:only )?(?:with|by|in) (?:the|a|one|this) (?:single )?"
        r"(?:word|sentence|phrase)s?\b",
        rf"answers? {_EACH} questions? with\b",
        rf"{_EACH} (?:\w+ )?{_REPLY}s? (?:must|shall|should|has to|have to|needs? to)\b",
        r"(?:the|your) (?:only |one )?(?:correct|right|true|proper|expected|final) answer(?: to [^.]{0,40}?)?"
        r" (?:is|must be)\b",
        r"(?:whatever|no matter what|whichever question) (?:is |was |you are |they |the user )?(?:asks?|asked)\b",
        r"(?:from now on|henceforth),? (?:you|say|answer|reply|respond|only)\b",
        r"you are (?:now |henceforth )?(?:in )?(?:developer mode|dan\b|\w*bot\b|an? (?:assistant|ai|unrestricted))",
        r"you must (?:(?:only|always|now) ){0,2}(?:answer|reply|respond|say|write|output)\b"
        r"[^.]{0,20}(?:only|with|[:\"“«])",
        r"repeat the (?:text|words|lines?) (?:above|before)",
    ),
)
_ENCODED = (
    r"(?<![\w/.+-])[a-z0-9+/]{16,}={1,2}(?!\w)",
    r"\bdecode and (?:obey|follow|execute|do)\b",
)

FORMS: Final[Mapping[Order, tuple[str, ...]]] = {
    "forged": _FORGED,
    "waived": (*_WAIVED, *_WAIVED_ELSEWHERE),
    "addressed": _ADDRESSED,
    "dictated": _DICTATED,
    "encoded": _ENCODED,
}
"""What each kind looks like, after `fold`: small letters, no accents."""
UNASKED: Final = r"^\W*(?:the answer (?:to [^.]{0,40} )?(?:is|must be)\b(?! (?:not|that|in|to)\b)|answer\s*:\s*\S)"
"""An order only where nothing was asked right before it."""
