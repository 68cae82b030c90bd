"""Messenger's own sentences, told from what people type."""

import re
import time
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives.sentences import FRAMES, LONGEST, Sentences, _frames

NAMES = ["Ján O'Friend", "Zoë Me", " "]
LANGUAGES = tomllib.loads(FRAMES.read_text("utf-8"))

sentences = Sentences(NAMES)

WRITTEN = """
share   Ján O'Friend sent an attachment.
share   You sent a live location.
share   Ján shared a story.
media   You sent a photo.
media   Ján sent 3 photos.
call    Ján O'Friend called you.
call    You called Ján.
call    You missed a video chat from Ján.
call    You missed a call from a contact.
call    Ján missed your audio call.
call    The video call ended.
call    A contact joined the video call.
unsent  Ján O'Friend unsent a message.
unsent  You unsent a message
unsent  This message is no longer available
system  You are now connected on Messenger.
system  Say hi to your new Facebook friend, Ján.
system  You can now message and call each other and see info like Active Status and when you've read messages.
system  Zoë Me added Somebody Else to the group.
system  You named the group Friday (maybe).
system  You changed the theme to Love.
system  Ján O'Friend set your nickname to Champ.
system  You set the nickname for Somebody Else to 🐸.
system  You set the quick reaction to 😂.
system  Ján created a poll: Pizza?
system  Ján voted for "Pizza" in the poll.
system  Messages and calls are secured with end-to-end encryption. Learn more.
system  Reacted 😂 to your message
system  Reacted 1️⃣ to your message
system  Liked a message

share   Ján O'Friend hat einen Anhang gesendet.
share   Du hast einen Link gesendet.
media   Zoë hat 3 Fotos gesendet.
media   Du hast eine Sprachnachricht gesendet.
call    Ján hat dich angerufen.
call    Du hast Ján O'Friend angerufen.
call    Du hast einen Anruf von Ján verpasst.
call    Ján hat deinen Videochat verpasst.
call    Der Videochat wurde beendet.
call    Dieser Anruf ist beendet.
call    Du hast einen verpassten Anruf von Ján.
unsent  Du hast eine Nachricht zurückgerufen
unsent  Diese Nachricht ist nicht mehr verfügbar.
system  Ihr seid jetzt auf Messenger verbunden.
system  Ján hat Somebody Else zur Gruppe hinzugefügt.
system  Du hast die Gruppe verlassen.
system  Ján hat den Chat verlassen.
system  Du kannst jetzt Nachrichten und Anrufe mit Ján O'Friend austauschen.
system  Ján hat den Spitznamen für Zoë auf Zo festgelegt.
system  Ján hat deinen Spitznamen auf Champ festgelegt.
system  Hat mit 😂 auf deine Nachricht reagiert
system  Reagierte mit 😂 auf deine Nachricht
system  Ján gefällt eine Nachricht

share   Ján a envoyé une pièce jointe.
share   Vous avez envoyé un lien.
media   Ján O'Friend a envoyé 2 photos.
call    Vous avez manqué un appel de Ján.
call    Ján vous a appelé(e).
call    Ján a manqué votre appel.
call    L’appel est terminé.
call    La discussion vidéo est terminée.
call    Ján a rejoint l’appel.
unsent  Ján a annulé l’envoi d’un message
unsent  Ce message n’est plus disponible
system  Vous êtes maintenant connectés sur Messenger.
system  Ján a nommé le groupe Vacances.
system  Ján a défini l’emoji sur 🐸.
system  Vous avez défini le pseudo de Somebody sur Chou.
system  Ján a défini votre pseudo sur Chou.
system  Ján a surnommé Zoë Chou.
system  Ján a effacé son propre pseudo.
system  Ján a voté pour « Pizza » dans le sondage.
system  Ján a modifié les couleurs de la discussion.
system  A réagi 😂 à votre message
system  A réagi à votre message avec 😂
system  Vous avez désormais la possibilité d’échanger des messages et de vous appeler.
system  A aimé un message

share   Enviaste un archivo adjunto.
share   Ján envió un enlace.
share   Has enviado un enlace.
media   Ján ha enviado una foto.
call    Ján te llamó.
call    Perdiste una llamada de Ján.
call    La videollamada finalizó.
unsent  Ján anuló el envío de un mensaje
unsent  Este mensaje fue eliminado
system  Ahora están conectados en Messenger.
system  Agregaste a Somebody Else al grupo.
system  Ján nombró al grupo Los primos.
system  Ján cambió la foto del grupo.
system  Cambiaste los colores del chat.
system  Definiste el apodo de Ján como Juanito.
system  Reaccionó con 😂 a tu mensaje
system  Reaccionó a tu mensaje con 😂
system  Le gustó un mensaje

share   Você enviou um anexo.
share   Enviaste um anexo.
media   Ján enviou uma foto.
media   Você enviou uma mensagem de voz.
call    Ján ligou para você.
call    Você perdeu uma chamada de Ján.
call    A chamada de vídeo terminou.
unsent  Ján cancelou o envio de uma mensagem
system  Agora vocês estão conectados no Messenger.
system  Ján saiu do grupo.
system  Ján alterou o nome do grupo para Praia.
system  Você definiu o apelido de Ján como Joãozinho.
system  Reagiu com 😆 à sua mensagem
system  Curtiu uma mensagem

share   Hai inviato un allegato.
share   Ján ha inviato un link.
media   Ján ha inviato una foto.
call    Ján ti ha chiamato.
call    Hai perso una chiamata da Ján.
call    La videochiamata è terminata.
unsent  Ján ha annullato l'invio di un messaggio
system  Ora siete connessi su Messenger.
system  Ján ha abbandonato il gruppo.
system  Hai impostato il soprannome di Ján su Gianni.
system  Ha aggiunto la reazione 😂 al tuo messaggio
system  Ha messo "Mi piace" a un messaggio

share   Ján heeft een bijlage verstuurd.
share   Je hebt een bijlage verzonden.
media   Ján heeft een foto gestuurd.
call    Ján heeft je gebeld.
call    Je hebt een oproep van Ján gemist.
call    De videochat is beëindigd.
unsent  Dit bericht is niet meer beschikbaar
system  Jullie zijn nu verbonden op Messenger.
system  Ján heeft Somebody Else aan de groep toegevoegd.
system  Je hebt de bijnaam voor Ján ingesteld op Jantje.
system  Reageerde met 😂 op je bericht

share   Wysłałeś(aś) załącznik.
share   Ján wysłał załącznik.
share   Zoë wysłała link.
share   Użytkownik Ján O'Friend wysłał załącznik.
share   Ján przesyła załącznik.
media   Ján O'Friend wysłał(a) zdjęcie.
call    Rozmowa zakończyła się.
call    Masz nieodebrane połączenie od Ján.
call    Zoë dołączyła do rozmowy.
call    Ján rozpoczął rozmowę.
call    Użytkownik Ján rozpoczął rozmowę.
system  Opuściłeś(aś) grupę.
system  Teraz możecie kontaktować się przez Messengera.
system  Użytkownik Ján opuścił grupę.
system  Użytkownik Ján zareagował ❤ na Twoją wiadomość
system  Ján usunął(ęła) Ciebie z grupy.
system  Ján usunął użytkownika Somebody Else z grupy.
system  Ján nadał(a) nazwę grupy Nowa nazwa.
system  Nadałeś(aś) grupie nazwę Nowa nazwa.
system  Ján zmienił lokalizację planu na dworzec.
system  Odpowiedź Ján na wydarzenie Plan: Nie mogę wziąć udziału
system  Ján ustawił nick użytkownika Zoë Me na Zo.
system  Ján ustawił szybką reakcję jako 😂.
system  Ján zmienił motyw.
system  Zareagował(a) 😂 na Twoją wiadomość

share   Du skickade en bilaga.
media   Ján skickade ett foto.
call    Ján ringde dig.
call    Du missade ett samtal från Ján.
call    Ján missade ditt samtal.
unsent  Det här meddelandet är inte längre tillgängligt
unsent  Ján tog tillbaka ett meddelande
system  Ni är nu anslutna på Messenger.
system  Ni har nu kontakt på Messenger.
system  Ni kan nu skicka meddelanden till och ringa varandra.
system  Ján lämnade gruppen.
system  Ján angav smeknamnet för Zoë till Zo.
system  Reagerade med 😂 på ditt meddelande

share   Ján har sendt et vedlegg.
share   Du har sendt en lenke.
call    Ján har startet en samtale.
call    Videochatten er avsluttet.
system  Ján har gitt Zoë kallenavnet Zo.
system  Ján har endret chattemaet.
system  Denne meningsmålingen er ikke lenger tilgjengelig.

share   Du sendte en vedhæftet fil.
call    Ján ringede til dig.
system  Ján har forladt gruppen.
"""

TYPED = """
you called me late
You called me.
Carla called you.
you sent a photo of the cat, right?
He said: You sent a photo.
You sent a photo. Thanks!
You sent a photo
The video call ended. finally
The call ended badly
Somebody Else left the group.
Somebody Else sent an attachment.
Ján voted for pizza
Ján left the group chat vibe entirely lol
Ján set the table to eat.
You can now come over
You are now connected
Reacted badly to your message
Liked it
This message is for you
Messages are nice

du hast mich gestern angerufen
Du hast mich angerufen.
Du hast Carla angerufen.
Du hast einen Anhang vergessen.
Du hast das Thema geändert.
Du bist kein Admin.
Ihr könnt jetzt kommen.
Du und Ján könnt jetzt schreiben
Das Gespräch ist zu Ende.
Hat mit mir geredet
Diese Nachricht ist krass
Somebody hat die Gruppe verlassen.

tu as vu ma photo ?
Tu as envoyé la photo ?
Tu m'as appelé hier ?
Tu as changé le thème ?
Vous avez vu le groupe ?
A aimé le film
Ce message est pour toi
Carla a envoyé une pièce jointe.

me llamaste ayer?
Cambiaste el tema.
Tienes una llamada.
Enviaste la foto?
Llamaste al grupo de padres?
Le gustó la película
Este mensaje es para ti
Carla te llamó.

você me ligou ontem
Você tem uma chamada.
Você chamou o grupo todo?
Você mudou de assunto.
Curtiu a festa?
Ján ligou para mim.
Carla ligou para você.

hai visto la foto?
Hai chiamato tu?
Hai inviato la foto?
Ora siete a casa?
Ha messo la giacca
Carla ti ha chiamato.

je hebt me gisteren gebeld
Je hebt mij gebeld.
Jullie zijn nu bevriend!
Je hebt een foto gestuurd toch
Dit bericht is voor jou
Carla heeft je gebeld.

dzwoniłeś do mnie wczoraj
Dzwoniłeś do mnie.
Wysłałeś mi zdjęcie?
Masz nieodebrane ode mnie
Ta wiadomość jest dla ciebie
Carla wysłała załącznik.
Użytkownik Carla wysłał załącznik.
Użytkownik wysłał załącznik.

du ringde mig igår
Du ringde mig.
Du skickade väl en bild?
Ni är nu hemma
Carla skickade en bilaga.

Du har sendt meg en lenke?
Du ringte meg.
Du sendte mig et billede?
"""


def lines(block: str) -> list[str]:
    return [line for line in block.splitlines() if line]


@pytest.mark.parametrize(("expected", "text"), [line.split(maxsplit=1) for line in lines(WRITTEN)])
def test_messengers_words(expected: str, text: str) -> None:
    assert sentences.kind(text) == expected
    assert sentences.kind(f"{text} \n") == expected
    assert Sentences(NAMES).kind(text) == expected


@pytest.mark.parametrize("text", [*lines(TYPED), "", " ", "You sent a photo.\nThanks!", " You sent a photo."])
def test_words_of_people(text: str) -> None:
    assert sentences.kind(text) is None


def test_a_list_of_messages() -> None:
    texts = [text for pair in zip(lines(TYPED), lines(TYPED)[::-1], strict=True) for text in pair]
    assert sentences.kinds(texts) == {}
    texts[7], texts[70] = "You sent a photo.", "Ján a envoyé un lien."
    assert sentences.kinds(texts) == {7: "media", 70: "share"}
    assert sentences.kinds([]) == {}


def filled(frame: str, who: str, whom: str) -> Iterator[str]:
    """Sentences of a frame, every option of every choice in one of them at least."""
    values = {"{who}": who, "{whom}": whom, "{any}": "Somebody: else", "{number}": "12", "{emoji}": "😂"}
    parts = [part.strip("[]").split("|") for part in re.split(r"(\[[^]]*\])", frame)]
    for turn in range(max(map(len, parts))):
        text = "".join(options[min(turn, len(options) - 1)] for options in parts)
        yield "".join(values.get(piece, piece) for piece in re.split(r"(\{\w+\})", text))


def test_every_frame() -> None:
    for language, table in LANGUAGES.items():
        for kind, frames in table.items():
            for frame in frames if kind not in ("who", "whom") else ():
                readers = zip(table.get("who", ["Ján"]), table.get("whom", ["Zoë Me"]), strict=False)
                for who, whom in [("Ján O'Friend", "Zoë"), ("Zoë Me", "Ján O'Friend"), *readers]:
                    for text in filled(frame, who, whom):
                        assert sentences.kind(text) == kind, (language, frame, text)
                        assert sentences.kind(f"{text} ...?") in (None, kind), (language, frame, text)
                        assert sentences.kind(f"a{text}") is None


def test_every_frame_with_a_stranger() -> None:
    for table in LANGUAGES.values():
        for frame in (frame for kind, frames in table.items() if kind not in ("who", "whom") for frame in frames):
            for text in filled(frame, "Carla Jones", "Carla"):
                if "Carla" in text:
                    assert sentences.kind(text) is None, text


def test_nobody_named() -> None:
    assert Sentences([]).kind("You sent a photo.") == "media"
    assert Sentences([]).kind("sent a photo.") is None
    assert Sentences(["", " \t"]).kinds(["You sent a photo.", " sent a photo.", "sent a photo."]) == {0: "media"}


@pytest.mark.parametrize(
    "name", ["Zoë Ångström", "Ńina", "O’Neil Ké", "J.* (x|y)+", "[a-z]", "Smith, John", "Al", "X", "李"]
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_as_people_write_them(name: str, form: Literal["NFC", "NFD"]) -> None:
    for spelling in ("NFC", "NFD"):
        thread = Sentences([unicodedata.normalize(spelling, name), "Me"])
        for who in (name, name.split()[0]):
            texts = [f"{who} sent a photo.", f"{who} a envoyé une pièce jointe.", f"You called {who}."]
            texts = [unicodedata.normalize(form, text) for text in texts]
            assert [*thread.kinds(texts).values()] == ["media", "share", "call"]
            assert not thread.kinds([f"a{text}" for text in texts])


def test_names_that_are_words() -> None:
    thread = Sentences(["Will You", "Rose The", "Du", "Hai This"])
    typed = [
        "Will you come?",
        "Will sent it.",
        "Rose is a rose.",
        "You called me.",
        "Du hast recht.",
        "Hai fame?",
        "The end.",
    ]
    assert thread.kinds([*typed, "This message is mine", "Will left.", "You", "Du", "Will"]) == {}
    assert thread.kinds(["Will sent a photo.", "Rose The left the group.", "Du hast Rose angerufen."]) == {
        0: "media",
        1: "system",
        2: "call",
    }


def test_namesakes_by_first_name() -> None:
    thread = Sentences(["Anna Kowalska", "Anna Maria Nowak", "Anna"])
    for who in ("Anna", "Anna Kowalska", "Anna Maria Nowak"):
        assert thread.kind(f"{who} opuściła grupę.") == "system"
    assert thread.kind("Anna Maria opuściła grupę.") is None


def test_typographic_spellings() -> None:
    assert sentences.kind("Ján O’Friend a rejoint l'appel.") == "call"
    assert sentences.kind("Ján a voté pour «\xa0Pizza\u202f» dans le sondage.") == "system"
    assert sentences.kind(unicodedata.normalize("NFD", "Você enviou um anexo.")) == "share"
    assert sentences.kind("Hat eine Nachricht mit „Gefällt mir“ markiert") == "system"


def test_long_messages_cost_nothing() -> None:
    openings = ["You can now message each other ", "Du hast ", "Ján hat ", "Ján set the nickname for ", "Ján added "]
    fillings = [" ", "a ", "to ", " to the group.", "den Spitznamen ", "in the poll "]
    texts = [
        f"{opening}{filling * length}"[:length] + end
        for opening in openings
        for filling in fillings
        for length in (LONGEST - 1, 100_000)
        for end in (".", "x")
    ]
    sentences.kinds(texts)
    start = time.process_time()
    found = sentences.kinds(texts)
    assert time.process_time() - start < 0.01 * len(texts)
    assert all(len(texts[index]) <= LONGEST for index in found)


def fixed_words() -> set[str]:
    frames = [frame for table in LANGUAGES.values() for frames in table.values() for frame in frames]
    return {word for frame in frames for word in re.findall(r"\w+", re.sub(r"\{\w+\}", " ", frame))}


WORDS = fixed_words()
texts = st.text() | st.text("YouJánsetaphoto. \n{}[]|'’é\u0301", max_size=40)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=12), max_size=4), st.lists(texts, max_size=8))
def test_any_text_in_any_thread(names: list[str], texts: list[str]) -> None:
    thread = Sentences(names)
    found = thread.kinds([*texts, *names, *(f"{name} sent a photo." for name in names)])
    assert found == {
        index: kind
        for index, text in enumerate([*texts, *names, *(f"{name} sent a photo." for name in names)])
        if (kind := thread.kind(text))
    }
    for index in found:
        if index < len(texts):
            assert WORDS & set(re.findall(r"\w+", unicodedata.normalize("NFC", texts[index])))


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        ('share = ["{who} sent [a [big|small]] photo."]', "means nothing"),
        ('share = ["{someone} sent a photo."]', "means nothing"),
        ('share = ["{who} sent a|b."]', "means nothing"),
        ('share = ["You {any}"]', "characters of its own"),
        ('share = ["{who} {any}"]', "characters of its own"),
        ('shares = ["{who} sent a photo."]', "no kind of message"),
    ],
)
def test_mistakes_in_the_list(frames: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sentences.toml"
    path.write_text(f"[english]\n{frames}\n", "utf-8")
    monkeypatch.setattr("friendbot.archives.sentences.FRAMES", path)
    with pytest.raises(ValueError, match=problem):
        _frames.__wrapped__()
