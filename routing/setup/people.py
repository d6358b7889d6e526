"""Extensions with their logins, and message queues."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import identify_hasher
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from .. import desk
from ..models import Extension, Queue
from .mistakes import texts
from .reading import Entry, items, keys
from .story import Story
from .values import Change, assign, text

EXTENSION_KEYS = ("number", "name", "username", "password", "password_hash")
QUEUE_KEYS = ("name", "pickup", "members")


def extensions(entry: Entry | None, story: Story) -> None:
    for each in items(entry, story.mistakes):
        if not keys(each, EXTENSION_KEYS, story.mistakes):
            continue
        if number := story.name(each, "number", "extension"):
            _extension(each, number, story)


def _extension(entry: Entry, number: str, story: Story) -> None:
    found = Extension.objects.select_related("user").filter(number=number).first()
    extension = found or Extension(number=number)
    change = Change("extension", number, "updated" if found else "created")
    before = len(story.mistakes)
    wanted: dict[str, Any] = {} if found else {"number": number}
    if "name" in entry:
        wanted["name"] = text(entry["name"], story.mistakes)
    elif not found:
        story.missing(entry, "name", "a new extension needs one")
    wanted = {name: value for name, value in wanted.items() if value is not None}
    changed = assign(extension, wanted, entry, change, story.mistakes)
    user = _user(entry, extension if found else None, change, story)
    if user is None or len(story.mistakes) > before:
        return
    if user._state.adding or any(each.startswith("username") for each in change.fields):
        user.save()
    extension.user = user
    if changed or not found:
        extension.save()
    story.did(change)


def _user(entry: Entry, found: Extension | None, change: Change, story: Story) -> User | None:
    """The login the extension shall have, not saved yet; None if there is a mistake."""
    mistakes = story.mistakes
    if "username" not in entry:
        if found:
            return found.user
        story.missing(entry, "username", "a new extension needs a login")
        return None
    username = text(entry["username"], mistakes)
    if username is None:
        return None
    holder = User.objects.select_related("extension").filter(username=username).first()
    if found and (holder is None or holder.pk == found.user_id):
        user = found.user
    elif holder and not hasattr(holder, "extension") and not found:
        return holder  # a login that exists becomes an agent; its password stays
    elif holder:
        whose = getattr(holder, "extension", None)
        taken = f"belongs to extension {whose.number}" if whose else "exists already"
        mistakes.at(entry["username"], f"the login {username!r} {taken}.")
        return None
    else:
        user = User()
    assign(user, {"username": username}, entry, change, mistakes)
    if user._state.adding:
        _password(entry, user, story)
    return user


def _password(entry: Entry, user: User, story: Story) -> None:
    if "password" in entry and "password_hash" in entry:
        story.mistakes.at(entry["password_hash"], "give a password or its hash, not both.")
    elif "password_hash" in entry:
        kept = text(entry["password_hash"], story.mistakes)
        try:
            if kept and not kept.startswith("!"):
                identify_hasher(kept)
            user.password = kept or ""
        except ValueError:
            story.mistakes.at(entry["password_hash"], "this is not the hash of a password.")
    elif "password" in entry:
        password = text(entry["password"], story.mistakes)
        if password is None:
            return
        try:
            validate_password(password, user)
        except ValidationError as error:
            story.mistakes.warn(entry["password"], f"a weak password: {texts(error)}")
        user.set_password(password)
    else:
        user.set_unusable_password()
        story.mistakes.warn(
            entry, f"no password; set one with: manage.py changepassword {user.username}"
        )


def queues(entry: Entry | None, story: Story) -> None:
    for each in items(entry, story.mistakes):
        if not keys(each, QUEUE_KEYS, story.mistakes):
            continue
        if name := story.name(each, "name", "queue"):
            _queue(each, name, story)


def _queue(entry: Entry, name: str, story: Story) -> None:
    found = Queue.objects.filter(name=name).first()
    queue = found or Queue(name=name)
    change = Change("queue", name, "updated" if found else "created")
    before = len(story.mistakes)
    wanted: dict[str, Any] = {} if found else {"name": name}
    if "pickup" in entry:
        pickup = text(entry["pickup"], story.mistakes)
        if pickup is not None and pickup not in Queue.PICKUPS:
            known = ", ".join(Queue.PICKUPS)
            story.mistakes.at(
                entry["pickup"], f"there is no pick-up mode {pickup!r}; known: {known}"
            )
        elif pickup is not None:
            wanted["pickup"] = pickup
    changed = assign(queue, wanted, entry, change, story.mistakes)
    members = story.extensions(entry["members"]) if "members" in entry else None
    if len(story.mistakes) > before:
        return
    if changed or not found:
        queue.save()
    if members is not None:
        old = list(queue.members.order_by("number").values_list("number", flat=True))
        new = sorted(member.number for member in members)
        if old != new:
            change.note("members", old, new)
            before = set(queue.members.values_list("pk", flat=True))
            queue.members.set(members)
            desk.tell_members(before ^ {member.pk for member in members})
    story.did(change)
