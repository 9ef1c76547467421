CREATE FUNCTION touch() RETURNS trigger AS $body$
BEGIN
    RETURN NEW;
END
$boddy$ LANGUAGE plpgsql;
