"""What a brief is about, from the words it uses, in the languages that briefs are written in here."""

import re
from collections.abc import Sequence

from ..types import Domain
from .words import Telling, words_of

GENERAL: Domain = "general"
_WORDS: dict[Domain, str] = {
    "web": """
        api http* https rest restful endpoint* url* website* webseite* site* sitio* web webhook* crawler*
        crawl* scrap* fastapi flask django graphql server* serveur* servidor* client* browser* cookie* jwt
        html get post put patch page* request* response* header* route* seite* página* pagina* robots
        frontend react email* rss download*
        """,
    "command line": """
        command* cli terminal* console shell script* argument* option* flag* stdin stdout stderr argv
        usage exit repl kommandozeile* konsole ligne commande* línea comandos opdrachtregel riga
        """,
    "data": """
        csv parquet pandas dataset* data dataframe* column* row* table* tabelle* spalte* colonne* columna*
        etl aggregat* join* database* sql sqlite query queries insight* statistics report* daten datos
        dati dados donnée* excel spreadsheet* median sales ventas jsonl record-set
        """,
    "text": """
        text* texte* texto* testo* tekst* string* word* wörter mot mots palabra* parole word-count parse*
        parser* parsing token* tokeniz* lexer* grammar* syntax* expression* markdown template* render*
        regex* pattern* palindrom* vowel* voyelle* letter* buchstab* charact* zeichen* numeral* notation*
        roman format* escape* symbol* interpreter* lisp version* iban minute* cron duration* slug*
        sentence* language* comment* unicode alphabet*
        """,
    "numbers": """
        calculat* rechner* math* matri* prime* vector* algorithm* graph* shortest tree* nested sort
        search* solver* sudoku dijkstra* interval* fraction* mean median mode stdev geometr* distance*
        haversine angle* degree* celsius fahrenheit* kelvin temperatur* year leap calendar* digit* ziffer*
        chiffre* dígito* cifra* modulo prüf* check-digit flatten* queue coda stack* determinant
        polynomial*
        """,
    "records": """
        account* konto* compte* cuenta* conto conta bank* invoice* rechnung* facture* factura* billing*
        order* bestell* booking* buchung* reservation* inventory* lager* stock* cart* panier* carrito
        customer* kunde* client-base member* loan* book* garage* parking* recipe* plant* room* räume raum
        employee* payment* price* preis* prix precio* ledger* bookkeep* entr* statement* transfer*
        deposit* interest withdraw* balance* manage* verwaltung* track* gestion* item* part* contact*
        appointment* schedule* course* student* subscription*
        """,
    "systems": """
        thread* process* concurren* async lock* queue* worker* pool cache* ttl folder* ordner* dossier*
        map directory directories watch* log logs logging rotat* gzip compress* polling signal* sigterm
        daemon* socket* network* memory disk* rate limiter* retry retries backoff timeout* password*
        passwort* hash* encrypt* scrypt salt secret* crash* kill* atomic* photo* foto* daily monitor*
        every morning mattina service*
        """,
}
_TELLING = Telling(_WORDS)
_FIRST = re.compile(r"[.!?:](?:\s|$)|\n\s*\n")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
_COMMAND: Domain = "command line"
_LEAST = 1.0


def domain_of(text: str, words: Sequence[str]) -> Domain:
    """The domain most words speak of; those of the first sentence, which says what it is, count double."""
    first = set(words_of(_FIRST.split(text.strip(), maxsplit=1)[0]))
    scores = dict.fromkeys(_WORDS, 0.0)
    for word in set(words):
        told = set(_TELLING.told_by(word))
        for domain in told:
            scores[domain] += (2 if word in first else 1) / len(told)
    scores[_COMMAND] += min(len(set(_OPTION.findall(text))), 4)
    best = max(_WORDS, key=lambda domain: scores[domain])
    return best if scores[best] >= _LEAST else GENERAL
