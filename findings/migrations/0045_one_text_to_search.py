"""Resources are searched by one text: their key, and their name where that is no part of the key.

Most names are the end of an ARN. Each of their letters stood in the index twice.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations
from django.db.models.functions import Upper

from findings.models.resource import Words

MADE = """
CREATE FUNCTION resource_words(key text, name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT key || CASE WHEN strpos(key, name) > 0 THEN '' ELSE chr(10) || name END
$$;
"""
UNMADE = "DROP FUNCTION resource_words(text, text);"


class Migration(migrations.Migration):
    dependencies = [("findings", "0044_dictionaries_learn_on")]
    operations = [
        migrations.RunSQL(MADE, UNMADE),
        migrations.RemoveIndex(model_name="resource", name="resource_search"),
        migrations.AddIndex(
            model_name="resource",
            index=GinIndex(OpClass(Upper(Words()), name="gin_trgm_ops"), name="resource_search"),
        ),
    ]
