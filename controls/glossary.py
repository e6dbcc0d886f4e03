"""The words of both lines, each explained to the other in a sentence of our own."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as word

TERMS: dict[str, str | Promise] = {
    # An engineer's, for people who audit
    word("Config rule"): _(
        "A question that AWS Config asks of every resource of a type whenever one changes, or by the clock. "
        "The answer is kept with its time."
    ),
    word("check"): _(
        "A question with a yes or no that a service of AWS asks of each resource; the answer is a finding."
    ),
    word("finding"): _("The answer of one check about one resource, with its history."),
    word("resource type"): _("What kind of thing a check looks at, in AWS's own naming, such as AWS::S3::Bucket."),
    word("parameter"): _("A value that the check compares with, such as the greatest age of a key in days."),
    word("CLI"): _("Commands typed into a terminal; the same change, written so that it can be repeated."),
    word("Console"): _("AWS's web pages, where the change is made by hand."),
    word("Terraform"): _("Files that describe the whole set-up; a tool makes AWS look like them."),
    word("CloudFormation"): _("AWS's own way to describe a set-up in files, and to notice when it differs."),
    word("conformance pack"): _("Config rules that are switched on together, as one file."),
    word("automated"): _("Shown by checks alone; nobody has to test it by hand."),
    # An auditor's, for people who build
    word("objective"): _("What has to be true when the control works, whatever the technique."),
    word("requirement"): _("One sentence of a framework that the organisation has to meet, with an id that stays."),
    word("control"): _(
        "What the organisation does, in its own words, so that requirements are met and risks stay small."
    ),
    word("preventive"): _("It keeps the bad thing from happening."),
    word("detective"): _("It notices that the bad thing happened."),
    word("corrective"): _("It puts right what happened."),
    word("manual"): _("People have to look, and say by name what they saw."),
    word("manual test"): _("Somebody follows a written procedure and records what was seen, for a period."),
    word("attestation"): _("Somebody states by name that something was so in a period, and says what that rests on."),
    word("evidence"): _("What would convince somebody who was not there: records, pictures, lists, with their origin."),
    word("fresh"): _(
        "Recent enough to stand for today. What is no longer fresh counts as not observed, never as failed."
    ),
    word("monitoring status"): _(
        "What checks and tests say at this moment. It is not a judgement whether the control works."
    ),
    word("effective"): _("The judgement of a named person, not the owner, that the control did its work in a period."),
    word("conclusion"): _(
        "The judgement of a named person, not the owner, whether the control did its work in a period."
    ),
    word("equal"): _("The one shows all of the other, and nothing else."),
    word("subset"): _("It shows a part of the other; that alone is never all of it."),
    word("superset"): _("It shows all of the other, and more."),
    word("intersects"): _("Both share a part; what is shown is a part at most."),
    word("common control"): _(
        "A control that one solution operates for others too, such as a shared platform's log-in."
    ),
    word("inherited"): _("Another solution operates the control; this one relies on it, by agreement."),
    word("coverage"): _("How much of what should be read was read lately. What was not read is unknown, not fine."),
    word("not observed"): _("Nobody looked, or what was seen is too old. That is neither a pass nor a fail."),
    word("partly shown"): _("Nothing fails, and what is seen does not cover all of it."),
    word("population"): _("Everything that the control is about; a sample is a part of it."),
}
"""Word → what it means. A word of the other line carries its sentence under pointer and focus."""
