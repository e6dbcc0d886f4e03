import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GROUPS = [
    ("mention", "Mentions of you"),
    ("awaiting", "What awaits you: asked, due, about to expire, overdue"),
    ("watched", "What you watch: comments and changes"),
    ("work", "Work that you started: exports, imports, decisions on many"),
    ("other", "Everything else"),
]
MAIL = [("now", "At once"), ("daily", "Once a day, together"), ("never", "Never")]


class Migration(migrations.Migration):
    dependencies = [("desk", "0003_job_url"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.AddField("notice", "mail", models.CharField(choices=MAIL, default="never", max_length=5)),
        migrations.AddField(
            "notice", "mailed_at", models.DateTimeField(help_text="When it was handed to the outbox.", null=True)
        ),
        migrations.AddIndex(
            "notice",
            models.Index(
                fields=["person"],
                name="notice_for_digest",
                condition=models.Q(mail="daily", mailed_at=None, read_at=None),
            ),
        ),
        migrations.CreateModel(
            "MailChoice",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(choices=GROUPS, max_length=10)),
                ("mail", models.CharField(choices=MAIL, max_length=5)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mail_choices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            {"constraints": [models.UniqueConstraint(fields=("person", "group"), name="mail_choice_once")]},
        ),
    ]
