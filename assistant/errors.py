"""Every way answering fails.

AssistantError
├── QuestionRefused     the question is empty or too long to be one
├── SettingsError       a setting is unknown or has a value out of range
├── BackendMissing      a chosen back end's package is not installed
├── ModelMissing        a model is not here and cannot be fetched
├── ModelCorrupt        a model file is not what it should be
├── ModelUnfit          a model cannot serve: base model, no chat template, too large for memory
├── PromptTooLong       question and instructions leave no room in the model's context
├── GenerationFailed    the generator broke off
│   └── GenerationCancelled   somebody asked it to stop
├── ConversationError   a conversation is not there, or conversations cannot be kept or read
└── EvaluationError     a dataset or a stored run cannot be used as it stands

An abstention is an `Answer`, not an error. Each message says what happened, with which value, and what to do next.
"""

from __future__ import annotations


class AssistantError(Exception):
    """The base of all errors of `assistant`."""


class QuestionRefused(AssistantError):
    """The question cannot be asked as it stands."""


class SettingsError(AssistantError):
    """A setting is unknown or out of range."""


class BackendMissing(AssistantError):
    """The package behind a chosen back end is not installed."""


class ModelMissing(AssistantError):
    """A model is not on this machine and could not be fetched."""


class ModelCorrupt(AssistantError):
    """A model file does not have the content it should."""


class ModelUnfit(AssistantError):
    """A model file is whole but cannot serve here."""


class PromptTooLong(AssistantError):
    """Instructions and question alone do not fit the context."""


class GenerationFailed(AssistantError):
    """Generation broke off; what had been produced is lost."""


class GenerationCancelled(GenerationFailed):
    """Generation was stopped on request."""


class EvaluationError(AssistantError):
    """A dataset or a stored run cannot be used as it stands."""


class ConversationError(AssistantError):
    """A conversation is not there, or conversations cannot be kept or read."""
