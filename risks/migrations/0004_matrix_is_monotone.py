"""A matrix has a level in every cell, and what is more likely or worse never has a lower one."""

from django.db import migrations

RULE = """
CREATE FUNCTION matrix_is_monotone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    height integer := jsonb_array_length(NEW.likelihoods);
    width integer := jsonb_array_length(NEW.impacts);
    levels integer := jsonb_array_length(NEW.levels);
    level integer;
BEGIN
    IF height NOT BETWEEN 3 AND 6 OR width NOT BETWEEN 3 AND 6 OR levels NOT BETWEEN 3 AND 6
        OR jsonb_array_length(NEW.cells) <> height THEN
        RAISE EXCEPTION 'a matrix has 3 to 6 likelihoods, impacts and levels' USING ERRCODE = 'check_violation';
    END IF;
    FOR i IN 0 .. height - 1 LOOP
        FOR j IN 0 .. width - 1 LOOP
            level := (NEW.cells -> i ->> j)::integer;
            IF level IS NULL OR level NOT BETWEEN 0 AND levels - 1
                OR (i > 0 AND level < (NEW.cells -> (i - 1) ->> j)::integer)
                OR (j > 0 AND level < (NEW.cells -> i ->> (j - 1))::integer) THEN
                RAISE EXCEPTION 'more likely or worse never has a lower level' USING ERRCODE = 'check_violation';
            END IF;
        END LOOP;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER is_monotone BEFORE INSERT ON risks_matrix FOR EACH ROW EXECUTE FUNCTION matrix_is_monotone();
"""
FREE = """
DROP TRIGGER is_monotone ON risks_matrix;
DROP FUNCTION matrix_is_monotone();
"""


class Migration(migrations.Migration):
    dependencies = [("risks", "0003_edition")]
    operations = [migrations.RunSQL(RULE, FREE)]
