import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


def key():
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def person(name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to=settings.AUTH_USER_MODEL
    )


BECAUSE = [("asked", "asked to"), ("wrote", "wrote about it"), ("mentioned", "was mentioned")]


class Migration(migrations.Migration):
    dependencies = [("desk", "0004_mail_as_chosen")]
    operations = [
        migrations.CreateModel(
            "Comment",
            [
                key(),
                ("kind", models.CharField(help_text="What it is about, e.g. finding.", max_length=40)),
                ("subject", models.CharField(help_text="Public id of what it is about.", max_length=80)),
                ("author", person("comments")),
                ("at", models.DateTimeField()),
                ("text", models.TextField(max_length=4000)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_because", models.CharField(blank=True, max_length=500)),
            ],
            {
                "indexes": [models.Index(fields=["kind", "subject", "-id"], name="comment_about")],
                "constraints": [
                    models.CheckConstraint(name="comment_says_something", condition=~Q(text="")),
                    models.CheckConstraint(
                        name="comment_withdrawn_at_and_why_together",
                        condition=Q(withdrawn_at=None, withdrawn_because="")
                        | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_because="")),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "Mention",
            [
                key(),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mentions", to="desk.comment"
                    ),
                ),
                ("person", person("+")),
                ("as_written", models.CharField(max_length=200)),
            ],
            {"constraints": [models.UniqueConstraint(fields=("comment", "person"), name="mention_once")]},
        ),
        migrations.CreateModel(
            "Watch",
            [
                key(),
                ("kind", models.CharField(max_length=40)),
                ("subject", models.CharField(help_text="Public id of what is watched.", max_length=80)),
                ("person", person("watches")),
                ("watches", models.BooleanField(default=True)),
                ("because", models.CharField(choices=BECAUSE, max_length=10)),
                ("since", models.DateTimeField()),
            ],
            {
                "verbose_name_plural": "watches",
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "subject", "person"), name="watch_once")
                ],
            },
        ),
    ]
