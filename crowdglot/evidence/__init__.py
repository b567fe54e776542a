"""What a finished dataset is worth: against people, against another one, against harm.

``sources`` reads dialogues of datasets and of people for all of it. ``compare`` holds datasets
against each other, the arms of an ``experiment`` too; ``resemble`` and ``selection`` hold one
against people; ``audit`` looks for harm and bias, ``personality`` and ``traits`` at the speakers.
"""
