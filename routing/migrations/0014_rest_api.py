"""The REST API: personal tokens, answers by Idempotency-Key, uploads, webhooks, the feed of changes.

Triggers write the feed, so that no statement can change a message or a session without it: incoming
messages are filed, and outcomes written, by plain SQL. While nobody asked for the feed they look at
one row and write nothing. What is not told is taken out of each trigger's condition, as sessions
are updated with every message.
"""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
import routing.models.webhooks
from django.db import migrations, models

LISTENING = "EXISTS (SELECT 1 FROM routing_feed WHERE active)"
KIND = (
    "CASE {0}direction WHEN 'in' THEN 'message.received' WHEN 'out' THEN 'message.queued' "
    "ELSE 'note.added' END"
)
TOLD = "({0}direction <> 'system' OR {0}event = 'note')"
MOVED = "{new}.status <> {old}.status AND {new}.status <> 'sending'"
ASSIGNED = "({0}.holder_id, {0}.queue_id, {0}.platform_id)"
COLUMNS = "(kind, session_id, message_id, at)"
CLOSING = "CASE WHEN {0}.closed_at IS NULL THEN 'session.reopened' ELSE 'session.closed' END"
HELD = "(kind, session_id, holder_id, queue_id, platform_id, at)"


def _postgresql(name: str, table: str, when: str, step: str) -> list[str]:
    return [
        f"CREATE FUNCTION routing_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {LISTENING} THEN INSERT INTO routing_change {step}; END IF; "
        "RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {when} EXECUTE FUNCTION routing_{name}()".replace(
            " ON ", f" ON {table} ", 1
        ),
    ]


NOW = "clock_timestamp()"
POSTGRESQL = [
    *_postgresql(
        "message_filed",
        "routing_message",
        "INSERT ON REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT",
        f"{COLUMNS} SELECT {KIND.format('')}, session_id, id, {NOW} FROM fresh "
        f"WHERE {TOLD.format('')} ORDER BY id",
    ),
    *_postgresql(
        "message_moved",
        "routing_message",
        f"UPDATE OF status ON FOR EACH ROW WHEN ({MOVED.format(old='OLD', new='NEW')})",
        f"{COLUMNS} VALUES ('message.' || NEW.status, NEW.session_id, NEW.id, {NOW})",
    ),
    *_postgresql(
        "message_gone",
        "routing_message",
        f"DELETE ON FOR EACH ROW WHEN ({TOLD.format('OLD.')})",
        f"{COLUMNS} VALUES ('message.deleted', OLD.session_id, OLD.id, {NOW})",
    ),
    *_postgresql(
        "session_opened",
        "routing_session",
        "INSERT ON FOR EACH ROW",
        f"{HELD} VALUES ('session.opened', NEW.id, NEW.holder_id, NEW.queue_id, "
        f"NEW.platform_id, {NOW})",
    ),
    *_postgresql(
        "session_assigned",
        "routing_session",
        "UPDATE OF holder_id, queue_id, platform_id ON FOR EACH ROW "
        f"WHEN ({ASSIGNED.format('OLD')} IS DISTINCT FROM {ASSIGNED.format('NEW')})",
        f"{HELD} VALUES ('session.assigned', NEW.id, NEW.holder_id, NEW.queue_id, "
        f"NEW.platform_id, {NOW})",
    ),
    *_postgresql(
        "session_ended",
        "routing_session",
        "UPDATE OF closed_at ON FOR EACH ROW "
        "WHEN ((OLD.closed_at IS NULL) <> (NEW.closed_at IS NULL))",
        f"(kind, session_id, at) VALUES ({CLOSING.format('NEW')}, NEW.id, {NOW})",
    ),
]


def _sqlite(name: str, event: str, when: str, step: str) -> str:
    return (
        f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW WHEN {when} AND {LISTENING} "
        f"BEGIN INSERT INTO routing_change {step}; END"
    )


STAMP = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
IS_NOT = " OR ".join(f"old.{c} IS NOT new.{c}" for c in ("holder_id", "queue_id", "platform_id"))
SQLITE = [
    _sqlite(
        "message_filed",
        "INSERT ON routing_message",
        TOLD.format("new."),
        f"{COLUMNS} VALUES ({KIND.format('new.')}, new.session_id, new.id, {STAMP})",
    ),
    _sqlite(
        "message_moved",
        "UPDATE OF status ON routing_message",
        MOVED.format(old="old", new="new"),
        f"{COLUMNS} VALUES ('message.' || new.status, new.session_id, new.id, {STAMP})",
    ),
    _sqlite(
        "message_gone",
        "DELETE ON routing_message",
        TOLD.format("old."),
        f"{COLUMNS} VALUES ('message.deleted', old.session_id, old.id, {STAMP})",
    ),
    _sqlite(
        "session_opened",
        "INSERT ON routing_session",
        "true",
        f"{HELD} VALUES ('session.opened', new.id, new.holder_id, new.queue_id, "
        f"new.platform_id, {STAMP})",
    ),
    _sqlite(
        "session_assigned",
        "UPDATE OF holder_id, queue_id, platform_id ON routing_session",
        f"({IS_NOT})",
        f"{HELD} VALUES ('session.assigned', new.id, new.holder_id, new.queue_id, "
        f"new.platform_id, {STAMP})",
    ),
    _sqlite(
        "session_ended",
        "UPDATE OF closed_at ON routing_session",
        "((old.closed_at IS NULL) <> (new.closed_at IS NULL))",
        f"(kind, session_id, at) VALUES ({CLOSING.format('new')}, new.id, {STAMP})",
    ),
]
TRIGGERS = {
    "routing_message": ("message_filed", "message_moved", "message_gone"),
    "routing_session": ("session_opened", "session_assigned", "session_ended"),
}


def create(apps: Any, schema_editor: Any) -> None:
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def drop(apps: Any, schema_editor: Any) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table, names in TRIGGERS.items():
        for name in names:
            if postgresql:
                schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
                schema_editor.execute(f"DROP FUNCTION routing_{name}()")
            else:
                schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0013_campaigns_that_copy'),
    ]

    operations = [
        migrations.CreateModel(
            name='Circuit',
            fields=[
                ('receiver', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='circuit', serialize=False, to='routing.platform')),
                ('failures', models.PositiveIntegerField(default=0)),
                ('broken_until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('active', models.BooleanField(default=False)),
                ('last', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caller', models.CharField(max_length=40)),
                ('file', models.FileField(max_length=255, upload_to='uploads/%Y/%m/%d')),
                ('name', models.CharField(max_length=255)),
                ('content_type', models.CharField(max_length=127)),
                ('size', models.PositiveBigIntegerField()),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            model_name='door',
            name='scopes',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterField(
            model_name='door',
            name='kind',
            field=models.CharField(choices=[('yeastar_sms', 'SMS provider of a Yeastar PBX'), ('ozeki', "Ozeki's HTTP API"), ('openapi', "Yeastar's Open API"), ('rest', "Parley's REST API")], max_length=16),
        ),
        migrations.CreateModel(
            name='Answered',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caller', models.CharField(max_length=40)),
                ('key', models.CharField(help_text='A hash: the key may be of any length.', max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField(default=0)),
                ('body', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('caller', 'key'), name='answered_once')],
            },
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.BigIntegerField(null=True, unique=True)),
                ('kind', models.CharField(max_length=32)),
                ('session_id', models.BigIntegerField(null=True)),
                ('message_id', models.BigIntegerField(null=True)),
                ('holder_id', models.BigIntegerField(null=True)),
                ('queue_id', models.BigIntegerField(null=True)),
                ('platform_id', models.BigIntegerField(null=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['position'],
                'indexes': [models.Index(condition=models.Q(('position', None)), fields=['id'], name='change_unnumbered'), models.Index(fields=['at'], name='change_age')],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('kinds', models.JSONField(blank=True, default=list, help_text='None: all.', validators=[routing.models.webhooks.validate_kinds], verbose_name='events')),
                ('active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('door', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='routing.door')),
                ('receiver', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='webhook', to='routing.platform')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=127)),
                ('scopes', models.JSONField(default=list)),
                ('key_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('key_end', models.CharField(editable=False, max_length=4)),
                ('old_key_hash', models.CharField(blank=True, editable=False, max_length=64)),
                ('old_key_until', models.DateTimeField(editable=False, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('last_used_at', models.DateTimeField(editable=False, null=True)),
                ('last_used_from', models.CharField(blank=True, editable=False, max_length=45)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('extension', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='routing.extension')),
            ],
            options={
                'verbose_name': 'personal token',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('old_key_hash', ''), _negated=True), fields=['old_key_hash'], name='token_of_old_key')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.BigIntegerField(help_text='Of the change; null for a test.', null=True)),
                ('kind', models.CharField(max_length=32)),
                ('attempt', models.PositiveSmallIntegerField()),
                ('status', models.PositiveSmallIntegerField(default=0)),
                ('taken', models.BooleanField()),
                ('said', models.CharField(blank=True, max_length=500)),
                ('took_ms', models.PositiveIntegerField()),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='routing.platformevent')),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='routing.webhook')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['webhook', '-id'], name='delivery_of_webhook')],
            },
        ),
        migrations.RunPython(create, drop),
    ]
