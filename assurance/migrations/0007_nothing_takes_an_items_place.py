"""What was drawn stays drawn: of an item only its result is said, never its place in the sample."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION nothing_takes_an_items_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.sample_id, NEW.number, NEW.key, NEW.label, NEW.stratum)
       IS DISTINCT FROM (OLD.sample_id, OLD.number, OLD.key, OLD.label, OLD.stratum) THEN
        RAISE EXCEPTION 'nothing takes the place of an item that was drawn' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER nothing_takes_its_place BEFORE UPDATE ON assurance_sampleitem
FOR EACH ROW EXECUTE FUNCTION nothing_takes_an_items_place();
"""
DROP = """
DROP TRIGGER nothing_takes_its_place ON assurance_sampleitem;
DROP FUNCTION nothing_takes_an_items_place();
"""


class Migration(migrations.Migration):
    dependencies = [("assurance", "0006_sources_of_populations")]
    operations = [migrations.RunSQL(FUNCTION, DROP)]
