"""Critics of meaning: they look at what turns mean, by vectors, and not at their words.

Without an embedding model, or with another than the one that their thresholds were chosen for, they
say nothing: a verdict without a reason and without a score is "unscored". One file a critic.
"""

MEANING = {
    "rewording": "Rewording",
    "coherence": "Coherence",
    "premise": "Premise",
    "translated_copying": "TranslatedCopying",
    "translated_recital": "TranslatedRecital",
    "translated_leak": "TranslatedLeak",
}
