from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("controls", "0002_mappings_are_kept")]
    operations = [migrations.RemoveField(model_name="checkreference", name="title")]
