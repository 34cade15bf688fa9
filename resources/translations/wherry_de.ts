<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>Activity</name>
    <message>
        <source>What</source>
        <translation>Vorgang</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Begonnen</translation>
    </message>
    <message>
        <source>Took</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>Activity</source>
        <translation>Aktivität</translation>
    </message>
    <message>
        <source>Pulls, builds, backups and other work appear here, with their outcome.</source>
        <translation>Downloads, Builds, Sicherungen und andere Vorgänge erscheinen hier, mit ihrem Ausgang.</translation>
    </message>
    <message>
        <source>Nothing has been done yet</source>
        <translation>Noch keine Vorgänge</translation>
    </message>
    <message>
        <source>Work</source>
        <translation>Arbeit</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Meldungen</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>Clear finished</source>
        <translation>Beendete ausblenden</translation>
    </message>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n aktiv</numerusform>
            <numerusform>%n aktiv</numerusform>
        </translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
</context>
<context>
    <name>Application</name>
    <message>
        <source>Wherry is still here</source>
        <translation>Wherry läuft weiter</translation>
    </message>
    <message>
        <source>Your services go on. Quit from this icon.</source>
        <translation>Die Dienste laufen weiter. Beenden über dieses Symbol.</translation>
    </message>
    <message>
        <source>Quit without saving?</source>
        <translation>Beenden, ohne zu speichern?</translation>
    </message>
    <message>
        <source>What was typed into these files is lost.</source>
        <translation>Was in diese Dateien getippt wurde, ist verloren.</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
</context>
<context>
    <name>Banner</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
</context>
<context>
    <name>BringOverDialog</name>
    <message>
        <source>Bring over from Docker and Podman</source>
        <translation>Von Docker und Podman herüberholen</translation>
    </message>
    <message>
        <source>Bring over</source>
        <translation>Herüberholen</translation>
    </message>
    <message>
        <source>What there is</source>
        <translation>Was es gibt</translation>
    </message>
    <message>
        <source>Looking at what there is…</source>
        <translation>Es wird nachgesehen, was es gibt …</translation>
    </message>
    <message>
        <source>No engine of Docker&apos;s or Podman&apos;s here has anything.</source>
        <translation>Keine Engine von Docker oder Podman hier hat etwas.</translation>
    </message>
    <message>
        <source>At most {0} are copied; nothing is removed there, nothing started here.</source>
        <translation>Höchstens {0} werden kopiert; dort wird nichts entfernt, hier nichts gestartet.</translation>
    </message>
    <message>
        <source>Brought over {0} of {1}</source>
        <translation>{0} von {1} herübergeholt</translation>
    </message>
</context>
<context>
    <name>BuildActions</name>
    <message>
        <source>Build from a folder or repository…</source>
        <translation>Aus einem Ordner oder Repository bauen…</translation>
    </message>
    <message>
        <source>Build an image from a Dockerfile</source>
        <translation>Ein Image aus einem Dockerfile bauen</translation>
    </message>
    <message>
        <source>Empty the build cache…</source>
        <translation>Build-Cache leeren …</translation>
    </message>
    <message>
        <source>Show the build</source>
        <translation>Build anzeigen</translation>
    </message>
    <message>
        <source>Cancel the build</source>
        <translation>Build abbrechen</translation>
    </message>
    <message>
        <source>Build again</source>
        <translation>Erneut bauen</translation>
    </message>
</context>
<context>
    <name>BuildDetails</name>
    <message>
        <source>Back to the builds</source>
        <translation>Zurück zu den Builds</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Build again</source>
        <translation>Erneut bauen</translation>
    </message>
    <message>
        <source>Open a shell where it failed</source>
        <translation>Shell an der Fehlerstelle öffnen</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Output</source>
        <translation>Ausgabe</translation>
    </message>
    <message>
        <source>Dockerfile</source>
        <translation>Dockerfile</translation>
    </message>
    <message>
        <source>What to show</source>
        <translation>Anzeige</translation>
    </message>
    <message>
        <source>Output of the build</source>
        <translation>Ausgabe des Builds</translation>
    </message>
    <message>
        <source>Nothing was printed</source>
        <translation>Es wurde nichts ausgegeben</translation>
    </message>
    <message>
        <source>Steps that were done before are not run again.</source>
        <translation>Schritte, die schon erledigt waren, laufen nicht noch einmal.</translation>
    </message>
    <message>
        <source>Mend it</source>
        <translation>Verbessern</translation>
    </message>
    <message>
        <source>{0} cannot be read: {1}</source>
        <translation>{0} kann nicht gelesen werden: {1}</translation>
    </message>
    <message>
        <source>This is no text that can be edited</source>
        <translation>Das ist kein Text, der bearbeitet werden kann</translation>
    </message>
    <message>
        <source>“{0}” cannot be written in {1}, in which this file is.</source>
        <translation>„{0}“ gibt es in {1} nicht, und so ist diese Datei geschrieben.</translation>
    </message>
    <message>
        <source>Saved {0}</source>
        <translation>{0} gespeichert</translation>
    </message>
    <message>
        <source>{0} was changed meanwhile</source>
        <translation>{0} wurde inzwischen geändert</translation>
    </message>
    <message>
        <source>Somebody else wrote into it since it was opened. That would go.</source>
        <translation>Jemand anders hat seit dem Öffnen hineingeschrieben. Das ginge verloren.</translation>
    </message>
    <message>
        <source>Write mine over them</source>
        <translation>Mit meinem überschreiben</translation>
    </message>
</context>
<context>
    <name>BuildDialog</name>
    <message>
        <source>Build an image</source>
        <translation>Image bauen</translation>
    </message>
    <message>
        <source>name:tag</source>
        <translation>name:tag</translation>
    </message>
    <message>
        <source>the last stage</source>
        <translation>die letzte Stage</translation>
    </message>
    <message>
        <source>Look for newer base images</source>
        <translation>Nach neueren Basis-Images suchen</translation>
    </message>
    <message>
        <source>Do every step again, even if nothing changed</source>
        <translation>Jeden Schritt neu ausführen, auch ohne Änderungen</translation>
    </message>
    <message>
        <source>Allow it what it asks: this machine&apos;s network</source>
        <translation>Erlauben, was es verlangt: das Netz dieses Rechners</translation>
    </message>
    <message>
        <source>Allow it what it asks: all capabilities</source>
        <translation>Erlauben, was es verlangt: alle Capabilities</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Auswählen…</translation>
    </message>
    <message>
        <source>Folder with a Dockerfile, or a repository: https://….git#branch:folder</source>
        <translation>Ordner mit einem Dockerfile, oder ein Repository: https://….git#Zweig:Ordner</translation>
    </message>
    <message>
        <source>Folder or repository</source>
        <translation>Ordner oder Repository</translation>
    </message>
    <message>
        <source>Dockerfile</source>
        <translation>Dockerfile</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Stage</source>
        <translation>Stage</translation>
    </message>
    <message>
        <source>Arguments</source>
        <translation>Argumente</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>Bauen</translation>
    </message>
    <message>
        <source>Choose the folder to build</source>
        <translation>Ordner für den Build auswählen</translation>
    </message>
    <message>
        <source>There is no folder {0}</source>
        <translation>Den Ordner {0} gibt es nicht</translation>
    </message>
    <message>
        <source>There is no {0} in that folder</source>
        <translation>In diesem Ordner gibt es kein {0}</translation>
    </message>
    <message>
        <source>“{0}” has no name before its =</source>
        <translation>„{0}“ hat keinen Namen vor dem =</translation>
    </message>
</context>
<context>
    <name>BuildState</name>
    <message>
        <source>Building</source>
        <translation>Wird gebaut</translation>
    </message>
    <message>
        <source>Built</source>
        <translation>Gebaut</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Abgebrochen</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Stage {0}</source>
        <translation>Stage {0}</translation>
    </message>
    <message>
        <source>sent by a client</source>
        <translation>von einem Programm geschickt</translation>
    </message>
    <message>
        <source>from a stream</source>
        <translation>aus einem Datenstrom</translation>
    </message>
    <message>
        <source>Line {0}: {1}</source>
        <translation>Zeile {0}: {1}</translation>
    </message>
    <message numerus="yes">
        <source>%n steps</source>
        <translation>
            <numerusform>%n Schritt</numerusform>
            <numerusform>%n Schritte</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n cached</source>
        <translation>
            <numerusform>%n aus dem Cache</numerusform>
            <numerusform>%n aus dem Cache</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n failed</source>
        <translation>
            <numerusform>%n fehlgeschlagen</numerusform>
            <numerusform>%n fehlgeschlagen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>BuildsModel</name>
    <message>
        <source>Build</source>
        <translation>Build</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Begonnen</translation>
    </message>
</context>
<context>
    <name>BuildsPage</name>
    <message>
        <source>Builds</source>
        <translation>Builds</translation>
    </message>
    <message>
        <source>Filter by tag or folder</source>
        <translation>Nach Tag oder Ordner filtern</translation>
    </message>
    <message numerus="yes">
        <source>%n builds</source>
        <translation>
            <numerusform>%n Build</numerusform>
            <numerusform>%n Builds</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing built yet</source>
        <translation>Noch nichts gebaut</translation>
    </message>
    <message>
        <source>Choose a folder with a Dockerfile; every step, its time and its output is kept here.</source>
        <translation>Einen Ordner mit einem Dockerfile auswählen; jeder Schritt wird mit Dauer und Ausgabe hier aufbewahrt.</translation>
    </message>
</context>
<context>
    <name>Changes</name>
    <message>
        <source>Added</source>
        <translation>Neu</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>Removed</source>
        <translation>Entfernt</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Änderung</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Changed paths</source>
        <translation>Geänderte Pfade</translation>
    </message>
    <message>
        <source>Filter paths</source>
        <translation>Pfade filtern</translation>
    </message>
    <message>
        <source>Read again</source>
        <translation>Neu lesen</translation>
    </message>
    <message>
        <source>As Dockerfile lines…</source>
        <translation>Als Dockerfile-Zeilen…</translation>
    </message>
    <message>
        <source>Make an image…</source>
        <translation>Image erstellen…</translation>
    </message>
    <message>
        <source>Comparing with the image…</source>
        <translation>Vergleich mit dem Image läuft…</translation>
    </message>
    <message>
        <source>Everything is as the image has it.</source>
        <translation>Alles ist so, wie es im Image ist.</translation>
    </message>
    <message>
        <source>No changes</source>
        <translation>Keine Änderungen</translation>
    </message>
    <message numerus="yes">
        <source>{0} paths, {1}</source>
        <translation>
            <numerusform>{0} Pfad, {1}</numerusform>
            <numerusform>{0} Pfade, {1}</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} as a Dockerfile</source>
        <translation>{0} als Dockerfile</translation>
    </message>
    <message>
        <source>A suggestion: read it before you build it.</source>
        <translation>Ein Vorschlag: vor dem Bauen bitte durchlesen.</translation>
    </message>
    <message>
        <source>Dockerfile</source>
        <translation>Dockerfile</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>ChipBar</name>
    <message>
        <source>Filters</source>
        <translation>Filter</translation>
    </message>
</context>
<context>
    <name>ClipboardLine</name>
    <message>
        <source>Paste a docker run line</source>
        <translation>Eine docker-run-Zeile einfügen</translation>
    </message>
    <message>
        <source>Paste: {0} on {1}</source>
        <translation>Einfügen: {0} auf {1}</translation>
    </message>
    <message>
        <source>Paste: {0}</source>
        <translation>Einfügen: {0}</translation>
    </message>
</context>
<context>
    <name>ClusterActions</name>
    <message>
        <source>Scale {0}</source>
        <translation>{0} skalieren</translation>
    </message>
    <message>
        <source>Pods</source>
        <translation>Pods</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>Skalieren</translation>
    </message>
    <message numerus="yes">
        <source>{0} is asked for {1} pods</source>
        <translation>
            <numerusform>Für {0} ist {1} Pod verlangt</numerusform>
            <numerusform>Für {0} sind {1} Pods verlangt</numerusform>
        </translation>
    </message>
    <message>
        <source>Pods of {0} are replaced one after the other</source>
        <translation>Die Pods von {0} werden nacheinander ersetzt</translation>
    </message>
    <message>
        <source>Bring {0} back to how it was before?</source>
        <translation>{0} auf den Stand davor zurückbringen?</translation>
    </message>
    <message>
        <source>Its pods are replaced by those of the state before the last change.</source>
        <translation>Seine Pods werden durch solche vom Stand vor der letzten Änderung ersetzt.</translation>
    </message>
    <message>
        <source>What it held before the last deployment from here is put back.</source>
        <translation>Was vor dem letzten Ausbringen von hier aus darin stand, kommt zurück.</translation>
    </message>
    <message>
        <source>Bring back</source>
        <translation>Zurückbringen</translation>
    </message>
    <message>
        <source>{0} goes back to how it was before</source>
        <translation>{0} geht auf den Stand davor zurück</translation>
    </message>
    <message>
        <source>Delete {0}?</source>
        <translation>{0} löschen?</translation>
    </message>
    <message numerus="yes">
        <source>Delete %n objects?</source>
        <translation>
            <numerusform>%n Objekt löschen?</numerusform>
            <numerusform>%n Objekte löschen?</numerusform>
        </translation>
    </message>
    <message>
        <source>It is deleted in the cluster {0}, and what belongs to it goes along. It cannot be undone.</source>
        <translation>Es wird im Cluster {0} gelöscht, und was dazugehört, geht mit. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Deleted {0}</source>
        <translation>{0} gelöscht</translation>
    </message>
    <message numerus="yes">
        <source>Deleted %n objects</source>
        <translation>
            <numerusform>%n Objekt gelöscht</numerusform>
            <numerusform>%n Objekte gelöscht</numerusform>
        </translation>
    </message>
    <message>
        <source>Forward a port of {0}</source>
        <translation>Einen Port von {0} weiterleiten</translation>
    </message>
    <message>
        <source>Port there, or “here:there”</source>
        <translation>Port dort, oder „hier:dort“</translation>
    </message>
    <message>
        <source>Forward</source>
        <translation>Weiterleiten</translation>
    </message>
    <message>
        <source>127.0.0.1:{0} leads to port {1} of {2}</source>
        <translation>127.0.0.1:{0} führt zu Port {1} von {2}</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Write a port, such as 80 or 8080:80</source>
        <translation>Einen Port eingeben, etwa 80 oder 8080:80</translation>
    </message>
    <message>
        <source>Copy out of {0}</source>
        <translation>Aus {0} herauskopieren</translation>
    </message>
    <message>
        <source>File or folder in the pod</source>
        <translation>Datei oder Ordner im Pod</translation>
    </message>
    <message>
        <source>Choose where to…</source>
        <translation>Ziel wählen …</translation>
    </message>
    <message>
        <source>Copy {0} to</source>
        <translation>{0} kopieren nach</translation>
    </message>
    <message numerus="yes">
        <source>Copied {0} to {1} ({2} files)</source>
        <translation>
            <numerusform>{0} nach {1} kopiert ({2} Datei)</numerusform>
            <numerusform>{0} nach {1} kopiert ({2} Dateien)</numerusform>
        </translation>
    </message>
    <message>
        <source>Copy into {0}</source>
        <translation>In {0} hineinkopieren</translation>
    </message>
    <message>
        <source>Folder in the pod</source>
        <translation>Ordner im Pod</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copied {0} to {1}</source>
        <translation>{0} nach {1} kopiert</translation>
    </message>
    <message>
        <source>Write a path that begins with /</source>
        <translation>Einen Pfad eingeben, der mit / beginnt</translation>
    </message>
    <message>
        <source>Deploy to a cluster…</source>
        <translation>In ein Cluster ausbringen …</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Terminal</source>
        <translation>Terminal</translation>
    </message>
    <message>
        <source>Forward a port…</source>
        <translation>Port weiterleiten …</translation>
    </message>
    <message>
        <source>Scale…</source>
        <translation>Skalieren …</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Neu starten</translation>
    </message>
    <message>
        <source>Bring back…</source>
        <translation>Zurückbringen …</translation>
    </message>
    <message>
        <source>Copy out…</source>
        <translation>Herauskopieren …</translation>
    </message>
    <message>
        <source>Copy in…</source>
        <translation>Hineinkopieren …</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen …</translation>
    </message>
</context>
<context>
    <name>ClusterDeploy</name>
    <message>
        <source>Deploy {0} to a cluster</source>
        <translation>{0} in ein Cluster ausbringen</translation>
    </message>
    <message>
        <source>Deploy to a cluster</source>
        <translation>In ein Cluster ausbringen</translation>
    </message>
    <message>
        <source>Cluster</source>
        <translation>Cluster</translation>
    </message>
    <message>
        <source>Namespace</source>
        <translation>Namensraum</translation>
    </message>
    <message>
        <source>Push them to, such as registry.example.org/me</source>
        <translation>Hochladen nach, etwa registry.example.org/ich</translation>
    </message>
    <message>
        <source>Registry to push to</source>
        <translation>Registry zum Hochladen</translation>
    </message>
    <message>
        <source>Manifests</source>
        <translation>Manifeste</translation>
    </message>
    <message>
        <source>Paste manifests here, or open a file.</source>
        <translation>Manifeste hier einfügen oder eine Datei öffnen.</translation>
    </message>
    <message>
        <source>What would change</source>
        <translation>Was sich ändern würde</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Unterschied</translation>
    </message>
    <message>
        <source>Take over fields that something else in the cluster sets</source>
        <translation>Felder übernehmen, die etwas anderes im Cluster setzt</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Open a file…</source>
        <translation>Datei öffnen …</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Push and deploy</source>
        <translation>Hochladen und ausbringen</translation>
    </message>
    <message>
        <source>Deploy</source>
        <translation>Ausbringen</translation>
    </message>
    <message>
        <source>No cluster is known: there is no kubeconfig.</source>
        <translation>Kein Cluster ist bekannt: es gibt keine kubeconfig.</translation>
    </message>
    <message>
        <source>Open manifests</source>
        <translation>Manifeste öffnen</translation>
    </message>
    <message>
        <source>Manifests (*.yaml *.yml *.json)</source>
        <translation>Manifeste (*.yaml *.yml *.json)</translation>
    </message>
    <message>
        <source>{0} cannot be read</source>
        <translation>{0} lässt sich nicht lesen</translation>
    </message>
    <message>
        <source>Only this computer has {0}: the cluster cannot fetch it from here.</source>
        <translation>Nur dieser Computer hat {0}: das Cluster kann es von hier nicht holen.</translation>
    </message>
    <message>
        <source>Everything is there as it is wanted.</source>
        <translation>Alles ist schon so da, wie es sein soll.</translation>
    </message>
    <message>
        <source>Applied</source>
        <translation>Angewendet</translation>
    </message>
    <message>
        <source>Push {0}</source>
        <translation>{0} hochladen</translation>
    </message>
    <message>
        <source>Pushing</source>
        <translation>Lädt hoch</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Pushed</source>
        <translation>Hochgeladen</translation>
    </message>
    <message>
        <source>Rolling out</source>
        <translation>Wird ausgerollt</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>As before</source>
        <translation>Wie zuvor</translation>
    </message>
    <message>
        <source>Log in to {0}…</source>
        <translation>Bei {0} anmelden …</translation>
    </message>
</context>
<context>
    <name>ClusterFaces</name>
    <message>
        <source>Workloads</source>
        <translation>Anwendungen</translation>
    </message>
    <message>
        <source>No workloads here</source>
        <translation>Keine Anwendungen hier</translation>
    </message>
    <message>
        <source>Pods</source>
        <translation>Pods</translation>
    </message>
    <message>
        <source>No pods here</source>
        <translation>Keine Pods hier</translation>
    </message>
    <message>
        <source>Services</source>
        <translation>Dienste</translation>
    </message>
    <message>
        <source>No services or ingresses here</source>
        <translation>Keine Dienste oder Ingresse hier</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>No volume claims here</source>
        <translation>Keine Volume-Ansprüche hier</translation>
    </message>
    <message>
        <source>Configuration</source>
        <translation>Konfiguration</translation>
    </message>
    <message>
        <source>No config maps or secrets here</source>
        <translation>Keine ConfigMaps oder Secrets hier</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>Nothing has happened of late</source>
        <translation>In letzter Zeit ist nichts geschehen</translation>
    </message>
    <message>
        <source>Filter by name, state, image</source>
        <translation>Nach Name, Zustand, Image filtern</translation>
    </message>
    <message numerus="yes">
        <source>%n objects</source>
        <translation>
            <numerusform>%n Objekt</numerusform>
            <numerusform>%n Objekte</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ClusterFiles</name>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
</context>
<context>
    <name>ClusterLog</name>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Search these lines</source>
        <translation>In diesen Zeilen suchen</translation>
    </message>
    <message>
        <source>Show only matching lines</source>
        <translation>Nur passende Zeilen zeigen</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Previous run</source>
        <translation>Vorheriger Lauf</translation>
    </message>
    <message>
        <source>What the containers said before they were last started again</source>
        <translation>Was die Container sagten, bevor sie zuletzt neu gestartet wurden</translation>
    </message>
    <message>
        <source>Wrap long lines</source>
        <translation>Lange Zeilen umbrechen</translation>
    </message>
    <message>
        <source>Follow the end</source>
        <translation>Dem Ende folgen</translation>
    </message>
    <message>
        <source>All containers</source>
        <translation>Alle Container</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Liest …</translation>
    </message>
    <message>
        <source>Nothing was said.</source>
        <translation>Es wurde nichts gesagt.</translation>
    </message>
    <message numerus="yes">
        <source>{0} lines</source>
        <translation>
            <numerusform>{0} Zeile</numerusform>
            <numerusform>{0} Zeilen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ClusterObject</name>
    <message>
        <source>Manifest</source>
        <translation>Manifest</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
    <message>
        <source>More to do</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>About</source>
        <translation>Über</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>Nothing has happened of late</source>
        <translation>In letzter Zeit ist nichts geschehen</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Terminal</source>
        <translation>Terminal</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Usage</source>
        <translation>Verbrauch</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>Werte</translation>
    </message>
    <message>
        <source>What to show</source>
        <translation>Was gezeigt wird</translation>
    </message>
    <message>
        <source>{0} is gone</source>
        <translation>{0} ist nicht mehr da</translation>
    </message>
    <message>
        <source>What you see is how it was last.</source>
        <translation>Zu sehen ist der letzte bekannte Stand.</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Ready parts</source>
        <translation>Bereite Teile</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
</context>
<context>
    <name>ClusterPorts</name>
    <message>
        <source>Forwarded ports</source>
        <translation>Weitergeleitete Ports</translation>
    </message>
    <message>
        <source>No port is forwarded</source>
        <translation>Kein Port wird weitergeleitet</translation>
    </message>
    <message>
        <source>Choose a pod, a service or a workload and “Forward a port…”: its port then answers on this computer, for as long as Wherry runs.</source>
        <translation>Einen Pod, einen Dienst oder eine Anwendung wählen und „Port weiterleiten …“: der Port antwortet dann auf diesem Computer, solange Wherry läuft.</translation>
    </message>
    <message>
        <source>Stop forwarding</source>
        <translation>Weiterleiten beenden</translation>
    </message>
    <message>
        <source>Open in the browser</source>
        <translation>Im Browser öffnen</translation>
    </message>
    <message>
        <source>Copy the address</source>
        <translation>Adresse kopieren</translation>
    </message>
    <message>
        <source>No longer forwarded</source>
        <translation>Nicht mehr weitergeleitet</translation>
    </message>
</context>
<context>
    <name>ClusterTerminal</name>
    <message>
        <source>Terminal in the pod</source>
        <translation>Terminal im Pod</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Ended with {0}</source>
        <translation>Beendet mit {0}</translation>
    </message>
    <message>
        <source>– Enter starts it again</source>
        <translation>– Enter startet es erneut</translation>
    </message>
</context>
<context>
    <name>ClusterUsage</name>
    <message>
        <source>The cluster remembers nothing: the graphs begin when they are looked at.</source>
        <translation>Der Cluster merkt sich nichts: Die Kurven beginnen, sobald man hinsieht.</translation>
    </message>
    <message>
        <source>In all</source>
        <translation>Insgesamt</translation>
    </message>
    <message>
        <source>Processors</source>
        <translation>Prozessoren</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
</context>
<context>
    <name>ClusterValues</name>
    <message>
        <source>Keys</source>
        <translation>Schlüssel</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>Show the values</source>
        <translation>Werte zeigen</translation>
    </message>
    <message>
        <source>Hide the values</source>
        <translation>Werte verbergen</translation>
    </message>
    <message>
        <source>It holds nothing.</source>
        <translation>Es ist leer.</translation>
    </message>
    <message>
        <source>Hidden. What it holds is shown only when you ask.</source>
        <translation>Verborgen. Was darin steht, wird nur auf Wunsch gezeigt.</translation>
    </message>
</context>
<context>
    <name>Clusters</name>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>Progressing</source>
        <translation>In Arbeit</translation>
    </message>
    <message>
        <source>None wanted</source>
        <translation>Keine gewünscht</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Complete</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Suspended</source>
        <translation>Ausgesetzt</translation>
    </message>
    <message>
        <source>Scheduled</source>
        <translation>Geplant</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>Labels</translation>
    </message>
    <message>
        <source>Belongs to</source>
        <translation>Gehört zu</translation>
    </message>
    <message>
        <source>Chooses pods by</source>
        <translation>Wählt Pods nach</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Account</source>
        <translation>Konto</translation>
    </message>
    <message>
        <source>Volumes</source>
        <translation>Volumes</translation>
    </message>
</context>
<context>
    <name>ClustersModel</name>
    <message>
        <source>Age</source>
        <translation>Alter</translation>
    </message>
    <message>
        <source>Workload</source>
        <translation>Anwendung</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Pod</source>
        <translation>Pod</translation>
    </message>
    <message>
        <source>Restarts</source>
        <translation>Neustarts</translation>
    </message>
    <message>
        <source>Processors</source>
        <translation>Prozessoren</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>Service</source>
        <translation>Dienst</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Claim</source>
        <translation>Anspruch</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Klasse</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Schlüssel</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Meldung</translation>
    </message>
    <message>
        <source>Times</source>
        <translation>Anzahl</translation>
    </message>
    <message>
        <source>Last seen</source>
        <translation>Zuletzt</translation>
    </message>
    <message>
        <source>Here</source>
        <translation>Hier</translation>
    </message>
    <message>
        <source>Port there</source>
        <translation>Port dort</translation>
    </message>
    <message>
        <source>Connections</source>
        <translation>Verbindungen</translation>
    </message>
    <message>
        <source>New</source>
        <translation>Neu</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>The same</source>
        <translation>Gleich</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>Object</source>
        <translation>Objekt</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
    <message>
        <source>How far</source>
        <translation>Wie weit</translation>
    </message>
</context>
<context>
    <name>ClustersPage</name>
    <message>
        <source>Wherry reads what kubectl reads: the files named in KUBECONFIG, or .kube/config in your home folder. Without a cluster, “wherry kube play” runs the same manifests here.</source>
        <translation>Wherry liest, was kubectl liest: die in KUBECONFIG genannten Dateien oder .kube/config im Heimatordner. Ohne Cluster führt „wherry kube play“ dieselben Manifeste hier aus.</translation>
    </message>
    <message>
        <source>No cluster is known</source>
        <translation>Kein Cluster ist bekannt</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Noch einmal nachsehen</translation>
    </message>
    <message>
        <source>Clusters</source>
        <translation>Cluster</translation>
    </message>
    <message>
        <source>Cluster</source>
        <translation>Cluster</translation>
    </message>
    <message>
        <source>Namespace</source>
        <translation>Namensraum</translation>
    </message>
    <message>
        <source>Deploy</source>
        <translation>Ausbringen</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>All namespaces</source>
        <translation>Alle Namensräume</translation>
    </message>
    <message>
        <source>Another namespace…</source>
        <translation>Anderer Namensraum …</translation>
    </message>
    <message>
        <source>Another namespace</source>
        <translation>Anderer Namensraum</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>What you see is how it was last. Wherry tries again by itself.</source>
        <translation>Zu sehen ist der letzte bekannte Stand. Wherry versucht es von selbst erneut.</translation>
    </message>
    <message>
        <source>Wherry tries again by itself.</source>
        <translation>Wherry versucht es von selbst erneut.</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>Jetzt versuchen</translation>
    </message>
    <message>
        <source>You may not see these here</source>
        <translation>Diese dürfen Sie hier nicht sehen</translation>
    </message>
</context>
<context>
    <name>CompareView</name>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
    <message>
        <source>Left image</source>
        <translation>Linkes Image</translation>
    </message>
    <message>
        <source>Right image</source>
        <translation>Rechtes Image</translation>
    </message>
    <message>
        <source>Swap the two</source>
        <translation>Seiten tauschen</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Packages</source>
        <translation>Pakete</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>Teil</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>Files that differ</source>
        <translation>Abweichende Dateien</translation>
    </message>
    <message>
        <source>Packages that differ</source>
        <translation>Abweichende Pakete</translation>
    </message>
    <message>
        <source>Package</source>
        <translation>Paket</translation>
    </message>
    <message>
        <source>Settings that differ</source>
        <translation>Abweichende Einstellungen</translation>
    </message>
    <message>
        <source>Setting</source>
        <translation>Einstellung</translation>
    </message>
    <message>
        <source>How the file differs</source>
        <translation>Wie die Datei sich unterscheidet</translation>
    </message>
    <message>
        <source>Comparing…</source>
        <translation>Vergleich läuft…</translation>
    </message>
    <message>
        <source>The same contents; mode, owner or time differ.</source>
        <translation>Derselbe Inhalt; Rechte, Besitzer oder Zeit unterscheiden sich.</translation>
    </message>
    <message numerus="yes">
        <source>%n files differ</source>
        <translation>
            <numerusform>%n Datei weicht ab</numerusform>
            <numerusform>%n Dateien weichen ab</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} → {1} ({2}{3})</source>
        <translation>{0} → {1} ({2}{3})</translation>
    </message>
    <message>
        <source>No difference</source>
        <translation>Kein Unterschied</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Left</source>
        <translation>Links</translation>
    </message>
    <message>
        <source>Right</source>
        <translation>Rechts</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Änderung</translation>
    </message>
</context>
<context>
    <name>ComposeEditor</name>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Compose file</source>
        <translation>Compose-Datei</translation>
    </message>
    <message>
        <source>Review changes…</source>
        <translation>Änderungen prüfen…</translation>
    </message>
    <message>
        <source>Problems</source>
        <translation>Probleme</translation>
    </message>
    <message>
        <source>What Up would do</source>
        <translation>Was Hochfahren täte</translation>
    </message>
    <message>
        <source>While something is wrong with the file, nothing can be planned.</source>
        <translation>Solange an der Datei etwas falsch ist, lässt sich nichts planen.</translation>
    </message>
    <message>
        <source>No plan</source>
        <translation>Kein Plan</translation>
    </message>
    <message>
        <source>Variables</source>
        <translation>Variablen</translation>
    </message>
    <message>
        <source>What stands beside the file</source>
        <translation>Was neben der Datei steht</translation>
    </message>
    <message>
        <source>Its files are not known: open its compose file.</source>
        <translation>Seine Dateien sind nicht bekannt: Öffnen Sie die Compose-Datei.</translation>
    </message>
    <message>
        <source>{0} cannot be read: {1}</source>
        <translation>{0} lässt sich nicht lesen: {1}</translation>
    </message>
    <message>
        <source>This is no text that can be edited</source>
        <translation>Das ist kein Text, der sich bearbeiten lässt</translation>
    </message>
    <message>
        <source>The line became the service {0}</source>
        <translation>Die Zeile wurde zum Dienst {0}</translation>
    </message>
    <message>
        <source>“{0}” cannot be written in {1}, in which this file is.</source>
        <translation>„{0}“ lässt sich in {1} nicht schreiben, und darin ist diese Datei.</translation>
    </message>
    <message>
        <source>{0} could not be written: {1}</source>
        <translation>{0} ließ sich nicht schreiben: {1}</translation>
    </message>
    <message>
        <source>Saved {0}</source>
        <translation>{0} gesichert</translation>
    </message>
    <message>
        <source>{0} was changed meanwhile</source>
        <translation>{0} wurde inzwischen geändert</translation>
    </message>
    <message>
        <source>Somebody else wrote into it since it was opened. That would go.</source>
        <translation>Jemand anders hat hineingeschrieben, seit sie geöffnet wurde. Das ginge verloren.</translation>
    </message>
    <message>
        <source>Write mine over them</source>
        <translation>Mit meinem überschreiben</translation>
    </message>
    <message>
        <source>What could stand here</source>
        <translation>Was hier stehen könnte</translation>
    </message>
</context>
<context>
    <name>ConnectDialog</name>
    <message>
        <source>Connect to {0}</source>
        <translation>Mit {0} verbinden</translation>
    </message>
    <message>
        <source>Connect</source>
        <translation>Verbinden</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Also called</source>
        <translation>Weitere Namen</translation>
    </message>
    <message>
        <source>Other names it answers to, separated by commas</source>
        <translation>Weitere Namen, unter denen er erreichbar ist, durch Kommas getrennt</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Chosen by itself, or one of {0}</source>
        <translation>Wird gewählt, oder eine aus {0}</translation>
    </message>
    <message>
        <source>Every container is on this network already.</source>
        <translation>Alle Container sind bereits in diesem Netzwerk.</translation>
    </message>
    <message>
        <source>An address is written 10.90.0.5 or fd00::5</source>
        <translation>Eine Adresse schreibt man 10.90.0.5 oder fd00::5</translation>
    </message>
    <message>
        <source>Connected {0}</source>
        <translation>{0} verbunden</translation>
    </message>
</context>
<context>
    <name>ContainerActions</name>
    <message>
        <source>Not possible while it is “{0}”</source>
        <translation>Nicht möglich im Zustand „{0}“</translation>
    </message>
    <message>
        <source>Stopped {0}</source>
        <translation>{0} gestoppt</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Kill at once?</source>
        <translation>Sofort beenden?</translation>
    </message>
    <message>
        <source>The process gets no chance to finish what it is doing; what it has not written yet is lost. “Stop” asks it to end first.</source>
        <translation>Der Prozess kann nicht mehr abschließen, woran er arbeitet; was noch nicht geschrieben ist, geht verloren. „Stoppen“ bittet ihn zuerst, sich zu beenden.</translation>
    </message>
    <message>
        <source>Kill</source>
        <translation>Sofort beenden</translation>
    </message>
    <message>
        <source>Paused {0}</source>
        <translation>{0} pausiert</translation>
    </message>
    <message>
        <source>{0} is running and will be killed.</source>
        <translation>{0} läuft und wird sofort beendet.</translation>
    </message>
    <message>
        <source>Remove {0}?</source>
        <translation>{0} entfernen?</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Files written inside are lost. Named volumes stay.</source>
        <translation>Darin geschriebene Dateien gehen verloren. Benannte Volumes bleiben.</translation>
    </message>
    <message numerus="yes">
        <source>%n of them are running and will be killed.</source>
        <translation>
            <numerusform>%n davon läuft und wird sofort beendet.</numerusform>
            <numerusform>%n davon laufen und werden sofort beendet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Also remove %n unnamed volumes used by nothing else</source>
        <translation>
            <numerusform>Auch das unbenannte Volume entfernen, das sonst nichts verwendet</numerusform>
            <numerusform>Auch %n unbenannte Volumes entfernen, die sonst nichts verwendet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n containers?</source>
        <translation>
            <numerusform>%n Container entfernen?</numerusform>
            <numerusform>%n Container entfernen?</numerusform>
        </translation>
    </message>
    <message>
        <source>Another container has this name</source>
        <translation>Ein anderer Container hat diesen Namen</translation>
    </message>
    <message>
        <source>Rename {0}</source>
        <translation>{0} umbenennen</translation>
    </message>
    <message>
        <source>New name</source>
        <translation>Neuer Name</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>{0} is now called {1}</source>
        <translation>{0} heißt jetzt {1}</translation>
    </message>
    <message>
        <source>{0} is in the clipboard</source>
        <translation>{0} ist in der Zwischenablage</translation>
    </message>
    <message>
        <source>{0} has no address: publish a port, or open the front door</source>
        <translation>{0} hat keine Adresse: Port veröffentlichen oder die Haustür öffnen</translation>
    </message>
    <message>
        <source>Front door</source>
        <translation>Haustür</translation>
    </message>
    <message>
        <source>The docker run line is in the clipboard</source>
        <translation>Die „docker run“-Zeile ist in der Zwischenablage</translation>
    </message>
    <message>
        <source>The compose file is in the clipboard</source>
        <translation>Die Compose-Datei ist in der Zwischenablage</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Make an image of {0}</source>
        <translation>Image aus {0} erstellen</translation>
    </message>
    <message>
        <source>Name of the image</source>
        <translation>Name des Images</translation>
    </message>
    <message>
        <source>Make image</source>
        <translation>Image erstellen</translation>
    </message>
    <message>
        <source>Made the image {0}</source>
        <translation>Image {0} erstellt</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>Export the files of {0}</source>
        <translation>Dateien von {0} exportieren</translation>
    </message>
    <message>
        <source>Archives (*.tar)</source>
        <translation>Archive (*.tar)</translation>
    </message>
    <message>
        <source>Exported {0}</source>
        <translation>{0} exportiert</translation>
    </message>
    <message>
        <source>There are no stopped containers</source>
        <translation>Es gibt keine gestoppten Container</translation>
    </message>
    <message>
        <source>Remove all stopped containers?</source>
        <translation>Alle gestoppten Container entfernen?</translation>
    </message>
    <message>
        <source>Files written inside them are lost. Named volumes stay.</source>
        <translation>In ihnen geschriebene Dateien gehen verloren. Benannte Volumes bleiben.</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Stoppen</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Neu starten</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausieren</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Kill…</source>
        <translation>Sofort beenden…</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Logs</source>
        <translation>Logs</translation>
    </message>
    <message>
        <source>Graphs</source>
        <translation>Diagramme</translation>
    </message>
    <message>
        <source>Terminal</source>
        <translation>Terminal</translation>
    </message>
    <message>
        <source>Open in the browser</source>
        <translation>Im Browser öffnen</translation>
    </message>
    <message>
        <source>Edit…</source>
        <translation>Bearbeiten…</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Umbenennen…</translation>
    </message>
    <message>
        <source>Run another like this…</source>
        <translation>Noch einen wie diesen starten…</translation>
    </message>
    <message>
        <source>Compare with its image</source>
        <translation>Mit seinem Image vergleichen</translation>
    </message>
    <message>
        <source>Make an image…</source>
        <translation>Image erstellen…</translation>
    </message>
    <message>
        <source>Export files…</source>
        <translation>Dateien exportieren…</translation>
    </message>
    <message>
        <source>Copy docker run line</source>
        <translation>„docker run“-Zeile kopieren</translation>
    </message>
    <message>
        <source>Copy as compose file</source>
        <translation>Als Compose-Datei kopieren</translation>
    </message>
    <message>
        <source>Export as…</source>
        <translation>Exportieren als …</translation>
    </message>
    <message>
        <source>Copy address for browsers</source>
        <translation>Adresse für Browser kopieren</translation>
    </message>
    <message>
        <source>Copy id</source>
        <translation>ID kopieren</translation>
    </message>
    <message>
        <source>Run a container…</source>
        <translation>Container starten…</translation>
    </message>
    <message numerus="yes">
        <source>Stopped %n containers</source>
        <translation>
            <numerusform>%n Container gestoppt</numerusform>
            <numerusform>%n Container gestoppt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Paused %n containers</source>
        <translation>
            <numerusform>%n Container pausiert</numerusform>
            <numerusform>%n Container pausiert</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Removed %n containers</source>
        <translation>
            <numerusform>%n Container entfernt</numerusform>
            <numerusform>%n Container entfernt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n</source>
        <translation>
            <numerusform>%n entfernen</numerusform>
            <numerusform>%n entfernen</numerusform>
        </translation>
    </message>
    <message>
        <source>Start a service from an image</source>
        <translation>Einen Dienst aus einem Image starten</translation>
    </message>
    <message>
        <source>Remove stopped containers…</source>
        <translation>Gestoppte Container entfernen…</translation>
    </message>
</context>
<context>
    <name>ContainerDetails</name>
    <message>
        <source>Views of the container</source>
        <translation>Ansichten des Containers</translation>
    </message>
    <message>
        <source>Back to all containers (Alt+Left)</source>
        <translation>Zurück zu allen Containern (Alt+Links)</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>More actions</source>
        <translation>Weitere Aktionen</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Überblick</translation>
    </message>
    <message>
        <source>Logs</source>
        <translation>Logs</translation>
    </message>
    <message>
        <source>Terminal</source>
        <translation>Terminal</translation>
    </message>
    <message>
        <source>Stats</source>
        <translation>Statistik</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Processes</source>
        <translation>Prozesse</translation>
    </message>
    <message>
        <source>Changes</source>
        <translation>Änderungen</translation>
    </message>
    <message>
        <source>Inspect</source>
        <translation>Rohdaten</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
</context>
<context>
    <name>ContainersModel</name>
    <message>
        <source>An estimate: this host does not count it per container. See Settings → Doctor.</source>
        <translation>Eine Schätzung: dieser Rechner zählt das nicht je Container. Siehe Einstellungen → Diagnose.</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
</context>
<context>
    <name>ContainersPage</name>
    <message>
        <source>No project</source>
        <translation>Kein Projekt</translation>
    </message>
    <message>
        <source>{0} was removed</source>
        <translation>{0} wurde entfernt</translation>
    </message>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Filter by name, image, port, label</source>
        <translation>Nach Name, Image, Port, Label filtern</translation>
    </message>
    <message>
        <source>Group by project</source>
        <translation>Nach Projekt gruppieren</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Run a container (Ctrl+N)</source>
        <translation>Container starten (Strg+N)</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Laufend</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Gestoppt</translation>
    </message>
    <message>
        <source>In trouble</source>
        <translation>Mit Problemen</translation>
    </message>
    <message>
        <source>No containers yet</source>
        <translation>Noch keine Container</translation>
    </message>
    <message>
        <source>Run the demo service to see how it works, or start from an image.</source>
        <translation>Den Demo-Dienst starten, um zu sehen, wie es geht, oder mit einem Image beginnen.</translation>
    </message>
    <message>
        <source>Clear the filter</source>
        <translation>Filter aufheben</translation>
    </message>
    <message>
        <source>{0} running of {1}</source>
        <translation>{0} von {1} laufen</translation>
    </message>
    <message numerus="yes">
        <source>%n containers</source>
        <translation>
            <numerusform>%n Container</numerusform>
            <numerusform>%n Container</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing matches</source>
        <translation>Keine Treffer</translation>
    </message>
    <message>
        <source>No container fits this filter.</source>
        <translation>Kein Container passt zu diesem Filter.</translation>
    </message>
</context>
<context>
    <name>CreateNetworkDialog</name>
    <message>
        <source>New network</source>
        <translation>Neues Netzwerk</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>Erstellen</translation>
    </message>
    <message>
        <source>Chosen by itself, or 10.90.0.0/24</source>
        <translation>Automatisch gewählt, oder 10.90.0.0/24</translation>
    </message>
    <message>
        <source>The first address of the subnet</source>
        <translation>Die erste Adresse des Subnetzes</translation>
    </message>
    <message>
        <source>Anything, or example.org, 10.0.0.0/8</source>
        <translation>Alles, oder example.org, 10.0.0.0/8</translation>
    </message>
    <message>
        <source>IPv6 addresses too</source>
        <translation>Auch IPv6-Adressen</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Subnet</source>
        <translation>Subnetz</translation>
    </message>
    <message>
        <source>Gateway</source>
        <translation>Gateway</translation>
    </message>
    <message>
        <source>No way out: containers reach only each other</source>
        <translation>Kein Weg nach außen: Container erreichen nur einander</translation>
    </message>
    <message>
        <source>May reach</source>
        <translation>Darf erreichen</translation>
    </message>
    <message>
        <source>A subnet is written 10.90.0.0/24, and a gateway 10.90.0.1</source>
        <translation>Ein Subnetz schreibt sich 10.90.0.0/24, ein Gateway 10.90.0.1</translation>
    </message>
    <message>
        <source>The gateway must be an address of the subnet</source>
        <translation>Das Gateway muss eine Adresse des Subnetzes sein</translation>
    </message>
    <message>
        <source>Made the network {0}</source>
        <translation>Netzwerk {0} erstellt</translation>
    </message>
</context>
<context>
    <name>CreateVolumeDialog</name>
    <message>
        <source>New volume</source>
        <translation>Neues Volume</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>Anlegen</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Nichts</translation>
    </message>
    <message>
        <source>What is in a backup</source>
        <translation>Der Inhalt einer Sicherung</translation>
    </message>
    <message>
        <source>A copy of {0}</source>
        <translation>Eine Kopie von {0}</translation>
    </message>
    <message>
        <source>Backup</source>
        <translation>Sicherung</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>In it at first</source>
        <translation>Anfangs darin</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>Labels</translation>
    </message>
    <message>
        <source>Choose a backup</source>
        <translation>Sicherung wählen</translation>
    </message>
    <message>
        <source>Which backup?</source>
        <translation>Welche Sicherung?</translation>
    </message>
    <message>
        <source>There is a volume of this name already</source>
        <translation>Ein Volume dieses Namens gibt es schon</translation>
    </message>
    <message>
        <source>Made the volume {0}</source>
        <translation>Volume {0} angelegt</translation>
    </message>
</context>
<context>
    <name>Deaths</name>
    <message numerus="yes">
        <source>{0} died {1} times in {2}</source>
        <translation>
            <numerusform>{0} ist in {2} {1}-mal gestorben</numerusform>
            <numerusform>{0} ist in {2} {1}-mal gestorben</numerusform>
        </translation>
    </message>
    <message>
        <source>Why?</source>
        <translation>Warum?</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>Stop it</source>
        <translation>Anhalten</translation>
    </message>
</context>
<context>
    <name>DiffView</name>
    <message>
        <source>Difference</source>
        <translation>Unterschied</translation>
    </message>
    <message>
        <source>No difference</source>
        <translation>Kein Unterschied</translation>
    </message>
</context>
<context>
    <name>Differences</name>
    <message>
        <source>The first {0} are the same; what follows is not compared here.</source>
        <translation>Die ersten {0} sind gleich; was folgt, wird hier nicht verglichen.</translation>
    </message>
    <message>
        <source>These are no texts: {0} and {1}</source>
        <translation>Das sind keine Texte: {0} und {1}</translation>
    </message>
</context>
<context>
    <name>Disk</name>
    <message>
        <source>Show what is in it: {0}</source>
        <translation>Zeigen, was darin ist: {0}</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Held by</source>
        <translation>Belegt von</translation>
    </message>
    <message>
        <source>Last used</source>
        <translation>Zuletzt benutzt</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Frees</source>
        <translation>Gibt frei</translation>
    </message>
    <message>
        <source>Free {0}…</source>
        <translation>{0} freigeben …</translation>
    </message>
    <message>
        <source>Nothing to free</source>
        <translation>Nichts freizugeben</translation>
    </message>
    <message>
        <source>Free {0} of {1}…</source>
        <translation>{0} von {1} freigeben …</translation>
    </message>
    <message>
        <source>Measure again</source>
        <translation>Neu messen</translation>
    </message>
    <message>
        <source>Free space…</source>
        <translation>Platz freigeben…</translation>
    </message>
    <message>
        <source>What takes space</source>
        <translation>Was Platz braucht</translation>
    </message>
    <message>
        <source>Measuring…</source>
        <translation>Wird gemessen …</translation>
    </message>
    <message>
        <source>Freed {0}</source>
        <translation>{0} freigegeben</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Layers of images, unpacked and as they were pulled</source>
        <translation>Schichten von Images, entpackt und wie geholt</translation>
    </message>
    <message>
        <source>Build cache</source>
        <translation>Build-Cache</translation>
    </message>
    <message>
        <source>Steps of builds that no image has, and cache mounts</source>
        <translation>Build-Schritte, die kein Image hat, und Cache-Mounts</translation>
    </message>
    <message>
        <source>Logs</source>
        <translation>Logs</translation>
    </message>
    <message>
        <source>Of the containers there are; the last lines always stay</source>
        <translation>Der vorhandenen Container; die letzten Zeilen bleiben immer</translation>
    </message>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>What containers have written into their own files</source>
        <translation>Was Container in ihre eigenen Dateien geschrieben haben</translation>
    </message>
    <message>
        <source>Volumes</source>
        <translation>Volumes</translation>
    </message>
    <message>
        <source>Data that outlives containers</source>
        <translation>Daten, die Container überdauern</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Logs and figures of removed containers, output of builds</source>
        <translation>Logs und Messwerte entfernter Container, Ausgaben von Builds</translation>
    </message>
    <message>
        <source>Unfinished pulls</source>
        <translation>Unfertige Pulls</translation>
    </message>
    <message>
        <source>Kept so that a pull that broke off can go on</source>
        <translation>Aufgehoben, damit ein abgebrochener Pull weitergehen kann</translation>
    </message>
    <message>
        <source>The rest</source>
        <translation>Der Rest</translation>
    </message>
    <message>
        <source>The database, and what is being deleted right now</source>
        <translation>Die Datenbank und was gerade gelöscht wird</translation>
    </message>
    <message>
        <source>build cache</source>
        <translation>Build-Cache</translation>
    </message>
    <message>
        <source>in use now</source>
        <translation>gerade benutzt</translation>
    </message>
    <message>
        <source>Output of builds</source>
        <translation>Ausgaben von Builds</translation>
    </message>
    <message>
        <source>Digests of build folders</source>
        <translation>Prüfsummen von Build-Ordnern</translation>
    </message>
    <message>
        <source>They have to be pulled or built again when they are wanted.</source>
        <translation>Sie müssen neu geholt oder gebaut werden, wenn sie gebraucht werden.</translation>
    </message>
    <message>
        <source>The next builds take longer. Nothing else is lost.</source>
        <translation>Die nächsten Builds dauern länger. Sonst geht nichts verloren.</translation>
    </message>
    <message>
        <source>Earlier lines are gone for good; the last ones of each container stay.</source>
        <translation>Frühere Zeilen sind endgültig weg; die letzten jedes Containers bleiben.</translation>
    </message>
    <message>
        <source>Stopped containers are removed with all they wrote outside of volumes.</source>
        <translation>Gestoppte Container werden mit allem entfernt, was sie außerhalb von Volumes geschrieben haben.</translation>
    </message>
    <message>
        <source>The data in them is gone for good.</source>
        <translation>Die Daten darin sind endgültig weg.</translation>
    </message>
    <message>
        <source>Logs and figures of removed containers are gone for good.</source>
        <translation>Logs und Messwerte entfernter Container sind endgültig weg.</translation>
    </message>
    <message>
        <source>Pulls that broke off begin anew.</source>
        <translation>Abgebrochene Pulls beginnen von vorn.</translation>
    </message>
    <message>
        <source>Figures of {0}</source>
        <translation>Messwerte von {0}</translation>
    </message>
    <message>
        <source>Log of {0}</source>
        <translation>Log von {0}</translation>
    </message>
    <message>
        <source>{0} in the store  ·  {1} free on the disk</source>
        <translation>{0} im Speicher  ·  {1} frei auf dem Datenträger</translation>
    </message>
    <message>
        <source>{0} of it held by the build cache</source>
        <translation>{0} davon vom Build-Cache belegt</translation>
    </message>
    <message>
        <source>Let go of their steps in the build cache too: that frees {0} more</source>
        <translation>Auch ihre Schritte im Build-Cache freigeben: das gibt {0} mehr frei</translation>
    </message>
    <message>
        <source>Free {0}?</source>
        <translation>{0} freigeben?</translation>
    </message>
    <message numerus="yes">
        <source>%n things in use</source>
        <translation>
            <numerusform>%n in Gebrauch</numerusform>
            <numerusform>%n in Gebrauch</numerusform>
        </translation>
    </message>
    <message>
        <source>Free</source>
        <translation>Freigeben</translation>
    </message>
    <message>
        <source>Free space</source>
        <translation>Platz freigeben</translation>
    </message>
    <message>
        <source>Images and the build cache can be had again; logs, containers and volumes cannot.</source>
        <translation>Images und Build-Cache sind wiederzubekommen, Logs, Container und Volumes nicht.</translation>
    </message>
</context>
<context>
    <name>EditDialog</name>
    <message>
        <source>Edit {0}</source>
        <translation>{0} bearbeiten</translation>
    </message>
    <message>
        <source>Limits</source>
        <translation>Limits</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Mounts</source>
        <translation>Mounts</translation>
    </message>
    <message>
        <source>Security</source>
        <translation>Sicherheit</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>Anwenden</translation>
    </message>
    <message>
        <source>Nothing changed yet. What it has written inside is kept, whatever you change.</source>
        <translation>Noch nichts geändert. Was er im Inneren geschrieben hat, bleibt bei jeder Änderung erhalten.</translation>
    </message>
    <message>
        <source>Applies at once</source>
        <translation>Gilt sofort</translation>
    </message>
    <message>
        <source>Needs a restart</source>
        <translation>Braucht einen Neustart</translation>
    </message>
    <message>
        <source>Needs a new container</source>
        <translation>Braucht einen neuen Container</translation>
    </message>
    <message>
        <source>It will be stopped and started.</source>
        <translation>Er wird gestoppt und gestartet.</translation>
    </message>
    <message>
        <source>Changed {0}</source>
        <translation>{0} geändert</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
</context>
<context>
    <name>ErrorDialog</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>The others were done.</source>
        <translation>Bei den anderen ging es.</translation>
    </message>
    <message numerus="yes">
        <source>Try these %n again</source>
        <translation>
            <numerusform>Dieses noch einmal versuchen</numerusform>
            <numerusform>Diese %n noch einmal versuchen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>Something went wrong inside Wherry</source>
        <translation>In Wherry ist ein Fehler aufgetreten</translation>
    </message>
    <message>
        <source>Show the report</source>
        <translation>Bericht anzeigen</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Open the doctor</source>
        <translation>Diagnose öffnen</translation>
    </message>
    <message>
        <source>Log in…</source>
        <translation>Anmelden…</translation>
    </message>
    <message>
        <source>Choose a platform…</source>
        <translation>Plattform wählen…</translation>
    </message>
    <message>
        <source>Registry settings…</source>
        <translation>Registry-Einstellungen…</translation>
    </message>
    <message>
        <source>Free space…</source>
        <translation>Platz freigeben…</translation>
    </message>
    <message>
        <source>Change the port…</source>
        <translation>Port ändern…</translation>
    </message>
    <message>
        <source>Show what uses it</source>
        <translation>Verwendung anzeigen</translation>
    </message>
    <message>
        <source>Change the command…</source>
        <translation>Befehl ändern…</translation>
    </message>
    <message>
        <source>Change the mounts…</source>
        <translation>Mounts ändern…</translation>
    </message>
    <message>
        <source>Check the store</source>
        <translation>Speicherbereich prüfen</translation>
    </message>
    <message>
        <source>This cannot be done like that</source>
        <translation>So geht das nicht</translation>
    </message>
    <message>
        <source>This is no name of an image</source>
        <translation>Das ist kein Name eines Images</translation>
    </message>
    <message>
        <source>A name looks like team/app:1.0.</source>
        <translation>Ein Name sieht aus wie team/app:1.0.</translation>
    </message>
    <message>
        <source>There is a mistake in the Dockerfile</source>
        <translation>Im Dockerfile ist ein Fehler</translation>
    </message>
    <message>
        <source>Not found</source>
        <translation>Nicht gefunden</translation>
    </message>
    <message>
        <source>Perhaps it has been removed or is misspelt.</source>
        <translation>Vielleicht wurde es entfernt oder ist falsch geschrieben.</translation>
    </message>
    <message>
        <source>That could be several</source>
        <translation>Das könnten mehrere sein</translation>
    </message>
    <message>
        <source>Give more of the name or the id.</source>
        <translation>Mehr vom Namen oder von der Id angeben.</translation>
    </message>
    <message>
        <source>The name is taken</source>
        <translation>Der Name ist vergeben</translation>
    </message>
    <message>
        <source>Choose another one.</source>
        <translation>Einen anderen wählen.</translation>
    </message>
    <message>
        <source>It is still in use</source>
        <translation>Es ist noch in Benutzung</translation>
    </message>
    <message>
        <source>What uses it has to go first.</source>
        <translation>Was es benutzt, muss zuerst weg.</translation>
    </message>
    <message>
        <source>Not possible in this state</source>
        <translation>In diesem Zustand nicht möglich</translation>
    </message>
    <message>
        <source>The store is in use</source>
        <translation>Der Speicher ist in Benutzung</translation>
    </message>
    <message>
        <source>Another Wherry has it open. End that one, or use it.</source>
        <translation>Ein anderes Wherry hat ihn offen. Jenes beenden oder benutzen.</translation>
    </message>
    <message>
        <source>This is not possible here</source>
        <translation>Das ist hier nicht möglich</translation>
    </message>
    <message>
        <source>The registry was not found</source>
        <translation>Die Registry wurde nicht gefunden</translation>
    </message>
    <message>
        <source>Check its name and the network connection.</source>
        <translation>Ihren Namen und die Netzverbindung prüfen.</translation>
    </message>
    <message>
        <source>The registry cannot be reached</source>
        <translation>Die Registry ist nicht erreichbar</translation>
    </message>
    <message>
        <source>Check the network connection, the name and the port.</source>
        <translation>Netzverbindung, Namen und Port prüfen.</translation>
    </message>
    <message>
        <source>The connection is not trusted</source>
        <translation>Der Verbindung ist nicht zu trauen</translation>
    </message>
    <message>
        <source>Name the registry&apos;s certificate in its settings, or allow plain HTTP there.</source>
        <translation>Das Zertifikat der Registry in ihren Einstellungen nennen oder dort einfaches HTTP erlauben.</translation>
    </message>
    <message>
        <source>It took too long</source>
        <translation>Es hat zu lange gedauert</translation>
    </message>
    <message>
        <source>Try again later.</source>
        <translation>Später noch einmal versuchen.</translation>
    </message>
    <message>
        <source>The registry wants a login</source>
        <translation>Die Registry verlangt eine Anmeldung</translation>
    </message>
    <message>
        <source>Log in and try again.</source>
        <translation>Anmelden und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>The user name or the password is wrong</source>
        <translation>Benutzername oder Passwort stimmt nicht</translation>
    </message>
    <message>
        <source>Check both. Where a second factor is asked for, an access token is the password.</source>
        <translation>Beide prüfen. Wo ein zweiter Faktor verlangt wird, ist ein Zugangstoken das Passwort.</translation>
    </message>
    <message>
        <source>The registry does not allow this</source>
        <translation>Die Registry erlaubt das nicht</translation>
    </message>
    <message>
        <source>The login may lack the right, or the name may be wrong.</source>
        <translation>Der Anmeldung fehlt vielleicht das Recht, oder der Name ist falsch.</translation>
    </message>
    <message>
        <source>The registry allows no more for now</source>
        <translation>Die Registry erlaubt vorerst nicht mehr</translation>
    </message>
    <message>
        <source>Wait a while; with a login it usually allows more.</source>
        <translation>Eine Weile warten; mit Anmeldung erlaubt sie meist mehr.</translation>
    </message>
    <message>
        <source>The image does not exist for this computer</source>
        <translation>Das Image gibt es nicht für diesen Rechner</translation>
    </message>
    <message>
        <source>Choose another platform or another tag.</source>
        <translation>Eine andere Plattform oder einen anderen Tag wählen.</translation>
    </message>
    <message>
        <source>The registry answered what makes no sense</source>
        <translation>Die Registry antwortete etwas Unverständliches</translation>
    </message>
    <message>
        <source>What arrived is not what was promised</source>
        <translation>Was ankam, ist nicht das Versprochene</translation>
    </message>
    <message>
        <source>It was thrown away. Try again.</source>
        <translation>Es wurde verworfen. Noch einmal versuchen.</translation>
    </message>
    <message>
        <source>The disk is full</source>
        <translation>Die Festplatte ist voll</translation>
    </message>
    <message>
        <source>Free some space and try again.</source>
        <translation>Platz schaffen und noch einmal versuchen.</translation>
    </message>
    <message>
        <source>The disk is read-only</source>
        <translation>Der Datenträger ist nur lesbar</translation>
    </message>
    <message>
        <source>The system’s log says why it takes nothing any more; mend it, and mount it anew.</source>
        <translation>Das Systemprotokoll sagt, warum er nichts mehr annimmt; beheben Sie es und hängen Sie ihn neu ein.</translation>
    </message>
    <message>
        <source>Something in the store is damaged</source>
        <translation>Etwas im Speicher ist beschädigt</translation>
    </message>
    <message>
        <source>Check the store.</source>
        <translation>Den Speicher prüfen.</translation>
    </message>
    <message>
        <source>The archive cannot be read</source>
        <translation>Das Archiv lässt sich nicht lesen</translation>
    </message>
    <message>
        <source>A mount failed</source>
        <translation>Ein Einhängen ist fehlgeschlagen</translation>
    </message>
    <message>
        <source>The doctor tells what this computer allows.</source>
        <translation>Die Diagnose sagt, was dieser Rechner erlaubt.</translation>
    </message>
    <message>
        <source>The command does not exist in the image</source>
        <translation>Den Befehl gibt es in dem Image nicht</translation>
    </message>
    <message>
        <source>Change the command, or take another image.</source>
        <translation>Den Befehl ändern oder ein anderes Image nehmen.</translation>
    </message>
    <message>
        <source>The command cannot be run</source>
        <translation>Der Befehl lässt sich nicht ausführen</translation>
    </message>
    <message>
        <source>The user does not exist in the image</source>
        <translation>Den Benutzer gibt es in dem Image nicht</translation>
    </message>
    <message>
        <source>The port is taken</source>
        <translation>Der Port ist belegt</translation>
    </message>
    <message>
        <source>Choose another one, or end what has it.</source>
        <translation>Einen anderen wählen oder beenden, was ihn hat.</translation>
    </message>
    <message>
        <source>The port is reserved for the system</source>
        <translation>Der Port ist dem System vorbehalten</translation>
    </message>
    <message>
        <source>Choose one from 1024 on; the doctor tells how lower ones are allowed.</source>
        <translation>Einen ab 1024 wählen; die Diagnose sagt, wie man kleinere erlaubt.</translation>
    </message>
    <message>
        <source>What is to be mounted does not exist</source>
        <translation>Was eingehängt werden soll, gibt es nicht</translation>
    </message>
    <message>
        <source>Make it, or change the mounts.</source>
        <translation>Es anlegen oder die Einhängungen ändern.</translation>
    </message>
    <message>
        <source>A step of the build failed</source>
        <translation>Ein Schritt des Builds ist fehlgeschlagen</translation>
    </message>
    <message>
        <source>The container could not be started</source>
        <translation>Der Container konnte nicht gestartet werden</translation>
    </message>
    <message>
        <source>Something is missing on this computer</source>
        <translation>Auf diesem Rechner fehlt etwas</translation>
    </message>
    <message>
        <source>The doctor tells what, and how to mend it.</source>
        <translation>Die Diagnose sagt, was, und wie es sich beheben lässt.</translation>
    </message>
</context>
<context>
    <name>Events</name>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Gestartet</translation>
    </message>
    <message>
        <source>Restarted</source>
        <translation>Neu gestartet</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Gestoppt</translation>
    </message>
    <message>
        <source>Sent a signal</source>
        <translation>Signal gesendet</translation>
    </message>
    <message>
        <source>Ended with {0}</source>
        <translation>Mit {0} beendet</translation>
    </message>
    <message>
        <source>Ran out of memory</source>
        <translation>Speicher ausgegangen</translation>
    </message>
    <message>
        <source>Put right after an interruption</source>
        <translation>Nach einer Unterbrechung in Ordnung gebracht</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>Resumed</source>
        <translation>Fortgesetzt</translation>
    </message>
    <message>
        <source>Renamed</source>
        <translation>Umbenannt</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>A command was prepared: {0}</source>
        <translation>Ein Befehl wurde vorbereitet: {0}</translation>
    </message>
    <message>
        <source>A command was run: {0}</source>
        <translation>Ein Befehl wurde ausgeführt: {0}</translation>
    </message>
    <message>
        <source>A command ended with {0}</source>
        <translation>Ein Befehl endete mit {0}</translation>
    </message>
    <message>
        <source>A command was left running</source>
        <translation>Ein Befehl läuft weiter</translation>
    </message>
    <message>
        <source>Its streams were attached to</source>
        <translation>Mit seinen Datenströmen verbunden</translation>
    </message>
    <message>
        <source>Its streams were let go of</source>
        <translation>Von seinen Datenströmen getrennt</translation>
    </message>
    <message>
        <source>Files were copied out</source>
        <translation>Dateien herauskopiert</translation>
    </message>
    <message>
        <source>Files were copied in</source>
        <translation>Dateien hineinkopiert</translation>
    </message>
    <message>
        <source>Its files were exported</source>
        <translation>Seine Dateien exportiert</translation>
    </message>
    <message>
        <source>An image was made of it</source>
        <translation>Ein Image daraus erstellt</translation>
    </message>
    <message>
        <source>Removed</source>
        <translation>Entfernt</translation>
    </message>
    <message>
        <source>Its health is being checked</source>
        <translation>Sein Zustand wird geprüft</translation>
    </message>
    <message>
        <source>Healthy</source>
        <translation>Gesund</translation>
    </message>
    <message>
        <source>Unhealthy</source>
        <translation>Ungesund</translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>Export {0}</source>
        <translation>{0} exportieren</translation>
    </message>
    <message>
        <source>Form</source>
        <translation>Form</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>Speichern …</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Save the files in</source>
        <translation>Dateien speichern in</translation>
    </message>
    <message numerus="yes">
        <source>Saved %n files</source>
        <translation>
            <numerusform>%n Datei gespeichert</numerusform>
            <numerusform>%n Dateien gespeichert</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Exports</name>
    <message>
        <source>docker run</source>
        <translation>docker run</translation>
    </message>
    <message>
        <source>Compose</source>
        <translation>Compose</translation>
    </message>
    <message>
        <source>Kubernetes</source>
        <translation>Kubernetes</translation>
    </message>
    <message>
        <source>Quadlet</source>
        <translation>Quadlet</translation>
    </message>
    <message>
        <source>systemd</source>
        <translation>systemd</translation>
    </message>
    <message>
        <source>A line for a shell, with docker, podman or wherry.</source>
        <translation>Eine Zeile für die Shell, mit docker, podman oder wherry.</translation>
    </message>
    <message>
        <source>For docker compose, or Open a compose file on another machine&apos;s Wherry.</source>
        <translation>Für docker compose oder Wherry auf einem anderen Rechner.</translation>
    </message>
    <message>
        <source>For kubectl apply on a cluster, or wherry kube play here.</source>
        <translation>Für kubectl apply auf einem Cluster oder wherry kube play hier.</translation>
    </message>
    <message>
        <source>For podman: put the files in ~/.config/containers/systemd.</source>
        <translation>Für podman: Die Dateien gehören nach ~/.config/containers/systemd.</translation>
    </message>
    <message>
        <source>A user unit: put it in ~/.config/systemd/user and enable it with systemctl.</source>
        <translation>Eine Benutzer-Unit: nach ~/.config/systemd/user legen und mit systemctl einschalten.</translation>
    </message>
</context>
<context>
    <name>FactGrid</name>
    <message>
        <source>Copy {name}</source>
        <translation>{name} kopieren</translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Gestartet</translation>
    </message>
    <message>
        <source>Restarted</source>
        <translation>Neu gestartet</translation>
    </message>
    <message>
        <source>Asked to stop</source>
        <translation>Zum Anhalten aufgefordert</translation>
    </message>
    <message>
        <source>Ended</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>Ran out of memory</source>
        <translation>Speicher ausgegangen</translation>
    </message>
    <message>
        <source>Limits or settings changed</source>
        <translation>Grenzen oder Einstellungen geändert</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>Went on</source>
        <translation>Fortgesetzt</translation>
    </message>
    <message>
        <source>Ended with {0}</source>
        <translation>Mit {0} beendet</translation>
    </message>
    <message>
        <source>Unhealthy</source>
        <translation>Ungesund</translation>
    </message>
    <message>
        <source>{0} was built</source>
        <translation>{0} wurde gebaut</translation>
    </message>
    <message>
        <source>Not made yet</source>
        <translation>Noch nicht erstellt</translation>
    </message>
    <message>
        <source>Did not run</source>
        <translation>Lief nicht</translation>
    </message>
    <message>
        <source>Does not run</source>
        <translation>Läuft nicht</translation>
    </message>
</context>
<context>
    <name>FiguresExport</name>
    <message>
        <source>Save the figures</source>
        <translation>Messwerte speichern</translation>
    </message>
    <message>
        <source>The figures could not be written to {0}</source>
        <translation>Die Zahlen konnten nicht nach {0} geschrieben werden</translation>
    </message>
    <message numerus="yes">
        <source>{0} rows saved to {1}</source>
        <translation>
            <numerusform>{0} Zeile in {1} gespeichert</numerusform>
            <numerusform>{0} Zeilen in {1} gespeichert</numerusform>
        </translation>
    </message>
    <message>
        <source>Save a picture of the graphs</source>
        <translation>Bild der Diagramme speichern</translation>
    </message>
    <message>
        <source>The picture could not be written to {0}</source>
        <translation>Das Bild konnte nicht nach {0} geschrieben werden</translation>
    </message>
    <message>
        <source>The picture is in {0}</source>
        <translation>Das Bild liegt in {0}</translation>
    </message>
</context>
<context>
    <name>FileBrowser</name>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Mode</source>
        <translation>Rechte</translation>
    </message>
    <message>
        <source>Owner</source>
        <translation>Besitzer</translation>
    </message>
    <message>
        <source>Upload…</source>
        <translation>Hochladen…</translation>
    </message>
    <message>
        <source>New folder…</source>
        <translation>Neuer Ordner…</translation>
    </message>
    <message>
        <source>Drop files here to upload them</source>
        <translation>Dateien hier ablegen, um sie hochzuladen</translation>
    </message>
    <message>
        <source>Read again (F5)</source>
        <translation>Neu lesen (F5)</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>Pick a file to look into it</source>
        <translation>Eine Datei auswählen, um hineinzusehen</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>Inhalt</translation>
    </message>
    <message>
        <source>Not saved, but kept: {0}</source>
        <translation>Nicht gespeichert, aber aufgehoben: {0}</translation>
    </message>
    <message>
        <source>Go back</source>
        <translation>Zurückgehen</translation>
    </message>
    <message>
        <source>“{0}” cannot be written in {1}, in which this file is.</source>
        <translation>„{0}“ gibt es in {1} nicht, und so ist diese Datei geschrieben.</translation>
    </message>
    <message>
        <source>{0} was changed meanwhile</source>
        <translation>{0} wurde inzwischen geändert</translation>
    </message>
    <message>
        <source>Somebody else wrote into it since it was opened. Their changes would go.</source>
        <translation>Jemand anders hat seit dem Öffnen hineingeschrieben. Das ginge verloren.</translation>
    </message>
    <message>
        <source>Write mine over them</source>
        <translation>Mit meinem überschreiben</translation>
    </message>
    <message>
        <source>Saved {0}</source>
        <translation>{0} gespeichert</translation>
    </message>
    <message>
        <source>Download…</source>
        <translation>Herunterladen…</translation>
    </message>
    <message>
        <source>Copy path</source>
        <translation>Pfad kopieren</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Umbenennen…</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen…</translation>
    </message>
    <message>
        <source>Download {0}</source>
        <translation>{0} herunterladen</translation>
    </message>
    <message>
        <source>Downloaded {0}, {1}</source>
        <translation>{0} heruntergeladen, {1}</translation>
    </message>
    <message>
        <source>Upload into {0}</source>
        <translation>Hochladen nach {0}</translation>
    </message>
    <message>
        <source>Uploaded {0}</source>
        <translation>{0} hochgeladen</translation>
    </message>
    <message>
        <source>New folder in {0}</source>
        <translation>Neuer Ordner in {0}</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>Erstellen</translation>
    </message>
    <message>
        <source>Rename {0}</source>
        <translation>{0} umbenennen</translation>
    </message>
    <message>
        <source>New name</source>
        <translation>Neuer Name</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Delete {0}?</source>
        <translation>{0} löschen?</translation>
    </message>
    <message numerus="yes">
        <source>Delete %n files?</source>
        <translation>
            <numerusform>%n Datei löschen?</numerusform>
            <numerusform>%n Dateien löschen?</numerusform>
        </translation>
    </message>
    <message>
        <source>Folders go with all that is in them. This cannot be undone.</source>
        <translation>Ordner werden mit ihrem ganzen Inhalt gelöscht. Das lässt sich nicht rückgängig machen.</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>A name, without “/”</source>
        <translation>Ein Name ohne „/“</translation>
    </message>
</context>
<context>
    <name>FileEditor</name>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>the beginning, to read only</source>
        <translation>der Anfang, nur zum Lesen</translation>
    </message>
    <message>
        <source>not text, to read only</source>
        <translation>kein Text, nur zum Lesen</translation>
    </message>
    <message>
        <source>● not saved</source>
        <translation>● nicht gespeichert</translation>
    </message>
    <message>
        <source>{0}, not saved</source>
        <translation>{0}, nicht gespeichert</translation>
    </message>
    <message>
        <source>Not saved</source>
        <translation>Nicht gespeichert</translation>
    </message>
    <message>
        <source>Save the changes in {0}?</source>
        <translation>Änderungen in {0} speichern?</translation>
    </message>
    <message>
        <source>What was typed is lost otherwise.</source>
        <translation>Sonst ist verloren, was getippt wurde.</translation>
    </message>
    <message>
        <source>Throw away</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Go on editing</source>
        <translation>Weiter bearbeiten</translation>
    </message>
</context>
<context>
    <name>FilePreview</name>
    <message>
        <source>Contents</source>
        <translation>Inhalt</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Unterschied</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>Save this file…</source>
        <translation>Diese Datei speichern…</translation>
    </message>
    <message>
        <source>Contents of the file</source>
        <translation>Inhalt der Datei</translation>
    </message>
    <message>
        <source>Close the preview</source>
        <translation>Vorschau schließen</translation>
    </message>
    <message>
        <source>The step that put this version here</source>
        <translation>Der Schritt, der diese Fassung hergebracht hat</translation>
    </message>
    <message>
        <source>Put here by</source>
        <translation>Hergebracht von</translation>
    </message>
    <message>
        <source>This is a folder.</source>
        <translation>Das ist ein Ordner.</translation>
    </message>
    <message>
        <source>Save the file</source>
        <translation>Datei speichern</translation>
    </message>
    <message>
        <source>Saved to {0}</source>
        <translation>Gespeichert unter {0}</translation>
    </message>
</context>
<context>
    <name>FileTree</name>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
</context>
<context>
    <name>FindFileDialog</name>
    <message>
        <source>Find a file in all images</source>
        <translation>Datei in allen Images finden</translation>
    </message>
    <message>
        <source>libssl.so.3</source>
        <translation>libssl.so.3</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>SHA-256</source>
        <translation>SHA-256</translation>
    </message>
    <message>
        <source>Look for</source>
        <translation>Suchen nach</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>Layer</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>In the image</source>
        <translation>Im Image</translation>
    </message>
    <message>
        <source>Visible</source>
        <translation>Sichtbar</translation>
    </message>
    <message>
        <source>Hidden later</source>
        <translation>Später verdeckt</translation>
    </message>
    <message>
        <source>Found files</source>
        <translation>Gefundene Dateien</translation>
    </message>
    <message>
        <source>Which images have it, which layer put it there, and can it still be seen?</source>
        <translation>Welche Images enthalten sie, welcher Layer brachte sie mit, und ist sie noch sichtbar?</translation>
    </message>
    <message>
        <source>Find a file anywhere</source>
        <translation>Eine Datei überall finden</translation>
    </message>
    <message numerus="yes">
        <source>%n found so far</source>
        <translation>
            <numerusform>%n bisher gefunden</numerusform>
            <numerusform>%n bisher gefunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n found</source>
        <translation>
            <numerusform>%n gefunden</numerusform>
            <numerusform>%n gefunden</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Form</name>
    <message>
        <source>Add those of a file…</source>
        <translation>Die einer Datei hinzufügen …</translation>
    </message>
    <message>
        <source>“{0}”: write NAME=value</source>
        <translation>„{0}“: NAME=Wert schreiben</translation>
    </message>
    <message>
        <source>memory plus swap; -1 for no limit</source>
        <translation>Speicher plus Swap; -1 für kein Limit</translation>
    </message>
    <message>
        <source>“{0}” is no whole number</source>
        <translation>„{0}“ ist keine ganze Zahl</translation>
    </message>
    <message>
        <source>from {0} to {1}</source>
        <translation>von {0} bis {1}</translation>
    </message>
    <message>
        <source>“{0}” is no number</source>
        <translation>„{0}“ ist keine Zahl</translation>
    </message>
    <message>
        <source>more than 0, at most {0}</source>
        <translation>mehr als 0, höchstens {0}</translation>
    </message>
    <message>
        <source>A quote is not closed</source>
        <translation>Ein Anführungszeichen ist nicht geschlossen</translation>
    </message>
    <message>
        <source>Take this row away</source>
        <translation>Diese Zeile entfernen</translation>
    </message>
    <message>
        <source>Port on this computer</source>
        <translation>Port auf diesem Rechner</translation>
    </message>
    <message>
        <source>auto</source>
        <translation>automatisch</translation>
    </message>
    <message>
        <source>Port in the container</source>
        <translation>Port im Container</translation>
    </message>
    <message>
        <source>Protocol</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>every address</source>
        <translation>jede Adresse</translation>
    </message>
    <message>
        <source>the container&apos;s port</source>
        <translation>der Port des Containers</translation>
    </message>
    <message>
        <source>the port here</source>
        <translation>der Port hier</translation>
    </message>
    <message>
        <source>Volume</source>
        <translation>Volume</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Kind of mount</source>
        <translation>Art des Mounts</translation>
    </message>
    <message>
        <source>What is mounted</source>
        <translation>Was eingehängt wird</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>Ordner auswählen</translation>
    </message>
    <message>
        <source>Place in the container</source>
        <translation>Ort im Container</translation>
    </message>
    <message>
        <source>/place/in/container</source>
        <translation>/ort/im/container</translation>
    </message>
    <message>
        <source>read only</source>
        <translation>nur lesen</translation>
    </message>
    <message>
        <source>name, or empty for an unnamed one</source>
        <translation>Name, oder leer für ein unbenanntes</translation>
    </message>
    <message>
        <source>/folder/on/this/computer</source>
        <translation>/ordner/auf/diesem/rechner</translation>
    </message>
    <message>
        <source>size, like 64m</source>
        <translation>Größe, etwa 64m</translation>
    </message>
    <message>
        <source>name:tag, to be read</source>
        <translation>name:tag, nur zum Lesen</translation>
    </message>
    <message>
        <source>The place in the container begins with “/”</source>
        <translation>Der Ort im Container beginnt mit „/“</translation>
    </message>
    <message>
        <source>Which folder?</source>
        <translation>Welcher Ordner?</translation>
    </message>
    <message>
        <source>A folder begins with “/”; a volume has a plain name</source>
        <translation>Ein Ordner beginnt mit „/“; ein Volume hat einen einfachen Namen</translation>
    </message>
    <message>
        <source>Which image?</source>
        <translation>Welches Image?</translation>
    </message>
    <message>
        <source>{0}: a number from 1 to 65535</source>
        <translation>{0}: eine Zahl von 1 bis 65535</translation>
    </message>
</context>
<context>
    <name>FormDialog</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
</context>
<context>
    <name>Gallery</name>
    <message>
        <source>Pick a service</source>
        <translation>Einen Dienst auswählen</translation>
    </message>
    <message>
        <source>Search the gallery</source>
        <translation>Galerie durchsuchen</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Add a folder of templates…</source>
        <translation>Ordner mit Vorlagen hinzufügen …</translation>
    </message>
    <message>
        <source>Add a git address…</source>
        <translation>Git-Adresse hinzufügen …</translation>
    </message>
    <message>
        <source>Where templates come from</source>
        <translation>Woher Vorlagen kommen</translation>
    </message>
    <message>
        <source>Services</source>
        <translation>Dienste</translation>
    </message>
    <message>
        <source>Nothing of that name</source>
        <translation>Nichts mit diesem Namen</translation>
    </message>
    <message>
        <source>Choose a service at the left.</source>
        <translation>Links einen Dienst auswählen.</translation>
    </message>
    <message>
        <source>Into the project</source>
        <translation>In das Projekt</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>services</source>
        <translation>dienste</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Add it</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>Add it and open the project</source>
        <translation>Hinzufügen und Projekt öffnen</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>made for you, and kept in .env</source>
        <translation>wird erzeugt und in .env aufbewahrt</translation>
    </message>
    <message>
        <source>The files could not be written</source>
        <translation>Die Dateien konnten nicht geschrieben werden</translation>
    </message>
    <message>
        <source>{0} is in {1}</source>
        <translation>{0} steht in {1}</translation>
    </message>
    <message>
        <source>A folder of compose files</source>
        <translation>Ein Ordner mit Compose-Dateien</translation>
    </message>
    <message>
        <source>Templates from a git address</source>
        <translation>Vorlagen von einer Git-Adresse</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Get them</source>
        <translation>Holen</translation>
    </message>
    <message numerus="yes">
        <source>{0} templates from {1}</source>
        <translation>
            <numerusform>{0} Vorlage aus {1}</numerusform>
            <numerusform>{0} Vorlagen aus {1}</numerusform>
        </translation>
    </message>
    <message>
        <source>Service</source>
        <translation>Dienst</translation>
    </message>
    <message>
        <source>Databases</source>
        <translation>Datenbanken</translation>
    </message>
    <message>
        <source>Brokers</source>
        <translation>Broker</translation>
    </message>
    <message>
        <source>Web servers</source>
        <translation>Webserver</translation>
    </message>
    <message>
        <source>Monitoring</source>
        <translation>Überwachung</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>Werkzeuge</translation>
    </message>
    <message>
        <source>Applications</source>
        <translation>Anwendungen</translation>
    </message>
    <message>
        <source>Of your own</source>
        <translation>Eigene</translation>
    </message>
    <message>
        <source>en</source>
        <translation>de</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>Port</translation>
    </message>
    <message>
        <source>Password</source>
        <translation>Passwort</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>Data lies in the volume {0}, at {1}.</source>
        <translation>Daten liegen im Volume {0}, unter {1}.</translation>
    </message>
</context>
<context>
    <name>Graphs</name>
    <message numerus="yes">
        <source>Graphs of %n containers</source>
        <translation>
            <numerusform>Diagramme von %n Container</numerusform>
            <numerusform>Diagramme von %n Containern</numerusform>
        </translation>
    </message>
    <message>
        <source>Time shown</source>
        <translation>Gezeigte Zeit</translation>
    </message>
    <message>
        <source>Back to now</source>
        <translation>Zurück zum Jetzt</translation>
    </message>
    <message>
        <source>Save the figures (CSV)…</source>
        <translation>Messwerte speichern (CSV) …</translation>
    </message>
    <message>
        <source>Save a picture (PNG)…</source>
        <translation>Bild speichern (PNG) …</translation>
    </message>
    <message>
        <source>graphs</source>
        <translation>Diagramme</translation>
    </message>
    <message>
        <source>Save what is shown</source>
        <translation>Gezeigtes speichern</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Disk, read and written</source>
        <translation>Datenträger, gelesen und geschrieben</translation>
    </message>
    <message>
        <source>Network, received and sent</source>
        <translation>Netzwerk, empfangen und gesendet</translation>
    </message>
</context>
<context>
    <name>Groups</name>
    <message>
        <source>a pod without containers</source>
        <translation>ein Pod ohne Container</translation>
    </message>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n aktiv</numerusform>
            <numerusform>%n aktiv</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} of {1} running</source>
        <translation>{0} von {1} aktiv</translation>
    </message>
</context>
<context>
    <name>Health</name>
    <message>
        <source>Healthy</source>
        <translation>Gesund</translation>
    </message>
    <message>
        <source>Unhealthy</source>
        <translation>Ungesund</translation>
    </message>
    <message>
        <source>Checking</source>
        <translation>Wird geprüft</translation>
    </message>
</context>
<context>
    <name>History</name>
    <message>
        <source>Steps of the last start</source>
        <translation>Schritte des letzten Starts</translation>
    </message>
    <message>
        <source>Memory in the last minute</source>
        <translation>Speicher in der letzten Minute</translation>
    </message>
    <message>
        <source>limit {0}</source>
        <translation>max. {0}</translation>
    </message>
    <message>
        <source>{0} s before</source>
        <translation>{0} s davor</translation>
    </message>
    <message>
        <source>the end</source>
        <translation>das Ende</translation>
    </message>
    <message>
        <source>Why it ended</source>
        <translation>Warum er beendet wurde</translation>
    </message>
    <message>
        <source>The last start</source>
        <translation>Der letzte Start</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>{0} in all</source>
        <translation>{0} insgesamt</translation>
    </message>
    <message>
        <source>Its last words</source>
        <translation>Seine letzten Worte</translation>
    </message>
    <message>
        <source>The last health check said</source>
        <translation>Die letzte Zustandsprüfung meldete</translation>
    </message>
    <message>
        <source>Raise the memory limit…</source>
        <translation>Speicherlimit erhöhen…</translation>
    </message>
    <message>
        <source>Change the ports…</source>
        <translation>Ports ändern…</translation>
    </message>
    <message>
        <source>Check files and volumes…</source>
        <translation>Dateien und Volumes prüfen…</translation>
    </message>
    <message>
        <source>Change the health check…</source>
        <translation>Gesundheitsprüfung ändern…</translation>
    </message>
    <message>
        <source>Change its settings…</source>
        <translation>Einstellungen ändern…</translation>
    </message>
    <message>
        <source>Make room: unused images</source>
        <translation>Platz schaffen: ungenutzte Images</translation>
    </message>
    <message>
        <source>Start again</source>
        <translation>Erneut starten</translation>
    </message>
    <message>
        <source>Show the log</source>
        <translation>Log anzeigen</translation>
    </message>
    <message>
        <source>Look into its files</source>
        <translation>In seine Dateien sehen</translation>
    </message>
    <message>
        <source>Change the command…</source>
        <translation>Befehl ändern…</translation>
    </message>
    <message numerus="yes">
        <source>Restarted %n times</source>
        <translation>
            <numerusform>%n-mal neu gestartet</numerusform>
            <numerusform>%n-mal neu gestartet</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing yet</source>
        <translation>Noch nichts</translation>
    </message>
</context>
<context>
    <name>ImageActions</name>
    <message>
        <source>A name is needed, such as team/app:1.0</source>
        <translation>Ein Name wird gebraucht, etwa team/app:1.0</translation>
    </message>
    <message>
        <source>Only letters, digits and . _ - / : may be in it</source>
        <translation>Nur Buchstaben, Ziffern und . _ - / : sind erlaubt</translation>
    </message>
    <message>
        <source>The part before the tag is written in small letters</source>
        <translation>Der Teil vor dem Tag wird kleingeschrieben</translation>
    </message>
    <message>
        <source>Tag {0}</source>
        <translation>{0} taggen</translation>
    </message>
    <message>
        <source>Another name for it</source>
        <translation>Ein weiterer Name dafür</translation>
    </message>
    <message>
        <source>Tag</source>
        <translation>Taggen</translation>
    </message>
    <message>
        <source>Tagged {0}</source>
        <translation>{0} getaggt</translation>
    </message>
    <message>
        <source>Took the tag {0} away</source>
        <translation>Tag {0} entfernt</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Save images to a file</source>
        <translation>Images in eine Datei speichern</translation>
    </message>
    <message>
        <source>Image archives (*.tar)</source>
        <translation>Image-Archive (*.tar)</translation>
    </message>
    <message>
        <source>Saved to {0}</source>
        <translation>Gespeichert unter {0}</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message numerus="yes">
        <source>Removed %n images</source>
        <translation>
            <numerusform>%n Image entfernt</numerusform>
            <numerusform>%n Images entfernt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n containers were made from it; they stay, but cannot be made again.</source>
        <translation>
            <numerusform>%n Container ist daraus entstanden; er bleibt, lässt sich aber nicht neu anlegen.</numerusform>
            <numerusform>%n Container sind daraus entstanden; sie bleiben, lassen sich aber nicht neu anlegen.</numerusform>
        </translation>
    </message>
    <message>
        <source>All its names go. “Take the tag away” takes one.</source>
        <translation>Alle Namen verschwinden. „Tag entfernen“ nimmt nur einen.</translation>
    </message>
    <message numerus="yes">
        <source>Remove %n images?</source>
        <translation>
            <numerusform>Image entfernen?</numerusform>
            <numerusform>%n Images entfernen?</numerusform>
        </translation>
    </message>
    <message>
        <source>Pull an image…</source>
        <translation>Image herunterladen…</translation>
    </message>
    <message>
        <source>From Docker Hub or any other registry</source>
        <translation>Von Docker Hub oder einer anderen Registry</translation>
    </message>
    <message>
        <source>Free space…</source>
        <translation>Platz freigeben…</translation>
    </message>
    <message>
        <source>Remove images nothing uses</source>
        <translation>Images entfernen, die nichts verwendet</translation>
    </message>
    <message>
        <source>Registries and logins…</source>
        <translation>Registries und Anmeldungen…</translation>
    </message>
    <message>
        <source>Find a file in all images…</source>
        <translation>Datei in allen Images finden…</translation>
    </message>
    <message>
        <source>Run…</source>
        <translation>Starten…</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Look inside</source>
        <translation>Hineinsehen</translation>
    </message>
    <message>
        <source>Layers, files, and where the bytes are</source>
        <translation>Layer, Dateien, und wo die Bytes sind</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>Side by side: files, packages, settings</source>
        <translation>Nebeneinander: Dateien, Pakete, Einstellungen</translation>
    </message>
    <message>
        <source>Pull again</source>
        <translation>Erneut herunterladen</translation>
    </message>
    <message>
        <source>See whether there is a newer one</source>
        <translation>Nachsehen, ob es ein neueres gibt</translation>
    </message>
    <message>
        <source>Push…</source>
        <translation>Hochladen…</translation>
    </message>
    <message>
        <source>Tag…</source>
        <translation>Taggen…</translation>
    </message>
    <message>
        <source>Take the tag away</source>
        <translation>Tag entfernen</translation>
    </message>
    <message>
        <source>Save to a file…</source>
        <translation>In eine Datei speichern…</translation>
    </message>
    <message>
        <source>Copy name</source>
        <translation>Namen kopieren</translation>
    </message>
    <message>
        <source>Copy id</source>
        <translation>ID kopieren</translation>
    </message>
</context>
<context>
    <name>ImageDetails</name>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>Layer</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Überblick</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Inspect</source>
        <translation>Rohdaten</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>Teil</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>How it runs</source>
        <translation>Wie es läuft</translation>
    </message>
    <message>
        <source>Tags</source>
        <translation>Tags</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>Id</source>
        <translation>ID</translation>
    </message>
    <message>
        <source>Digest</source>
        <translation>Digest</translation>
    </message>
    <message>
        <source>Platform</source>
        <translation>Plattform</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Pulled</source>
        <translation>Heruntergeladen</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Shared with others</source>
        <translation>Mit anderen geteilt</translation>
    </message>
    <message>
        <source>Frees if removed</source>
        <translation>Beim Entfernen frei</translation>
    </message>
    <message>
        <source>Author</source>
        <translation>Autor</translation>
    </message>
    <message>
        <source>Used by</source>
        <translation>Verwendet von</translation>
    </message>
    <message>
        <source>Entrypoint</source>
        <translation>Entrypoint</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Volumes</source>
        <translation>Volumes</translation>
    </message>
    <message>
        <source>Stop signal</source>
        <translation>Stoppsignal</translation>
    </message>
    <message>
        <source>Health check</source>
        <translation>Zustandsprüfung</translation>
    </message>
    <message>
        <source>Environment</source>
        <translation>Umgebung</translation>
    </message>
    <message>
        <source>Label</source>
        <translation>Label</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
    <message>
        <source>Made</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Config</source>
        <translation>Konfiguration</translation>
    </message>
    <message>
        <source>Find a key or a value</source>
        <translation>Schlüssel oder Wert finden</translation>
    </message>
</context>
<context>
    <name>ImageDrag</name>
    <message>
        <source>{0} is still being written; drag it again when it is done</source>
        <translation>{0} wird noch geschrieben; ziehen Sie es noch einmal, wenn es fertig ist</translation>
    </message>
    <message numerus="yes">
        <source>{0} and {1} more</source>
        <translation>
            <numerusform>{0} und {1} weitere</numerusform>
            <numerusform>{0} und {1} weitere</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Images</name>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>Already here</source>
        <translation>Schon vorhanden</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Wird heruntergeladen</translation>
    </message>
    <message>
        <source>Verifying</source>
        <translation>Wird geprüft</translation>
    </message>
    <message>
        <source>Unpacking</source>
        <translation>Wird entpackt</translation>
    </message>
    <message>
        <source>Uploading</source>
        <translation>Wird hochgeladen</translation>
    </message>
    <message>
        <source>Mounted</source>
        <translation>Übernommen</translation>
    </message>
    <message>
        <source>Retrying</source>
        <translation>Neuer Versuch</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
    <message numerus="yes">
        <source>%n files</source>
        <translation>
            <numerusform>%n Datei</numerusform>
            <numerusform>%n Dateien</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>shared with %n images</source>
        <translation>
            <numerusform>mit %n Image geteilt</numerusform>
            <numerusform>mit %n Images geteilt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n more tags</source>
        <translation>
            <numerusform>%n weiterer Tag</numerusform>
            <numerusform>%n weitere Tags</numerusform>
        </translation>
    </message>
    <message>
        <source>Layer {0}</source>
        <translation>Layer {0}</translation>
    </message>
    <message numerus="yes">
        <source>{0} added</source>
        <translation>
            <numerusform>{0} hinzugefügt</numerusform>
            <numerusform>{0} hinzugefügt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} changed</source>
        <translation>
            <numerusform>{0} geändert</numerusform>
            <numerusform>{0} geändert</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} with another mode or owner</source>
        <translation>
            <numerusform>{0} mit anderen Rechten oder Besitzer</numerusform>
            <numerusform>{0} mit anderen Rechten oder Besitzer</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} removed</source>
        <translation>
            <numerusform>{0} entfernt</numerusform>
            <numerusform>{0} entfernt</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} hidden by later layers</source>
        <translation>{0} verdeckt</translation>
    </message>
    <message>
        <source>Overwritten</source>
        <translation>Überschrieben</translation>
    </message>
    <message>
        <source>Removed later</source>
        <translation>Später entfernt</translation>
    </message>
    <message>
        <source>Folder removed later</source>
        <translation>Ordner später entfernt</translation>
    </message>
    <message>
        <source>Folder replaced</source>
        <translation>Ordner ersetzt</translation>
    </message>
    <message>
        <source>Only mode or owner</source>
        <translation>Nur Rechte oder Besitzer</translation>
    </message>
    <message>
        <source>Unused</source>
        <translation>Unbenutzt</translation>
    </message>
    <message>
        <source>(no step is recorded)</source>
        <translation>(kein Schritt verzeichnet)</translation>
    </message>
    <message>
        <source>Added</source>
        <translation>Hinzugefügt</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>Removed</source>
        <translation>Entfernt</translation>
    </message>
    <message>
        <source>Mode or owner</source>
        <translation>Rechte oder Besitzer</translation>
    </message>
    <message>
        <source>Put again</source>
        <translation>Noch einmal</translation>
    </message>
    <message>
        <source>Layer {0}  ·  {1}</source>
        <translation>Schicht {0}  ·  {1}</translation>
    </message>
</context>
<context>
    <name>ImagesModel</name>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Alone</source>
        <translation>Allein</translation>
    </message>
    <message>
        <source>{0} are shared with other images; removing this one frees {1}</source>
        <translation>{0} werden mit anderen Images geteilt; dieses zu entfernen gibt {1} frei</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Used by</source>
        <translation>Verwendet von</translation>
    </message>
</context>
<context>
    <name>ImagesPage</name>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Filter by name, tag, id</source>
        <translation>Nach Name, Tag, ID filtern</translation>
    </message>
    <message numerus="yes">
        <source>%n images</source>
        <translation>
            <numerusform>%n Image</numerusform>
            <numerusform>%n Images</numerusform>
        </translation>
    </message>
    <message>
        <source>No images yet</source>
        <translation>Noch keine Images</translation>
    </message>
    <message>
        <source>Pull one from a registry, build one from a folder, or drop an archive here.</source>
        <translation>Eines aus einer Registry herunterladen, aus einem Ordner bauen oder ein Archiv hier ablegen.</translation>
    </message>
    <message>
        <source>{0}  ·  {1} on disk, {2} of it unused</source>
        <translation>{0}  ·  {1} belegt, davon {2} unbenutzt</translation>
    </message>
</context>
<context>
    <name>Inspect</name>
    <message>
        <source>Everything about the container</source>
        <translation>Alles über den Container</translation>
    </message>
    <message>
        <source>Find a key or value</source>
        <translation>Schlüssel oder Wert finden</translation>
    </message>
    <message>
        <source>Copy as JSON</source>
        <translation>Als JSON kopieren</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
</context>
<context>
    <name>JsonTree</name>
    <message>
        <source>Key</source>
        <translation>Schlüssel</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>Copy value</source>
        <translation>Wert kopieren</translation>
    </message>
    <message>
        <source>Copy path</source>
        <translation>Pfad kopieren</translation>
    </message>
    <message numerus="yes">
        <source>{0} keys</source>
        <translation>
            <numerusform>{0} Schlüssel</numerusform>
            <numerusform>{0} Schlüssel</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} items</source>
        <translation>
            <numerusform>{0} Eintrag</numerusform>
            <numerusform>{0} Einträge</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LayerInspector</name>
    <message>
        <source>Layers of the image</source>
        <translation>Layer des Images</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Mode</source>
        <translation>Rechte</translation>
    </message>
    <message>
        <source>Owner</source>
        <translation>Besitzer</translation>
    </message>
    <message>
        <source>Treemap</source>
        <translation>Treemap</translation>
    </message>
    <message>
        <source>Waste</source>
        <translation>Verschwendung</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Only this layer</source>
        <translation>Nur dieser Layer</translation>
    </message>
    <message>
        <source>Find a file in any layer</source>
        <translation>Datei in allen Layern finden</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Nach oben</translation>
    </message>
    <message>
        <source>Reading the layers…</source>
        <translation>Layer werden gelesen…</translation>
    </message>
    <message>
        <source>Layer {0}  ·  {1}</source>
        <translation>Layer {0}  ·  {1}</translation>
    </message>
    <message numerus="yes">
        <source>{0} layers  ·  {1}</source>
        <translation>
            <numerusform>{0} Layer  ·  {1}</numerusform>
            <numerusform>{0} Layer  ·  {1}</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} wasted ({1})</source>
        <translation>{0} verschwendet ({1})</translation>
    </message>
    <message>
        <source>Nothing wasted</source>
        <translation>Nichts verschwendet</translation>
    </message>
    <message>
        <source>Found files</source>
        <translation>Gefundene Dateien</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>Layer</translation>
    </message>
    <message>
        <source>In the image</source>
        <translation>Im Image</translation>
    </message>
    <message>
        <source>Visible</source>
        <translation>Sichtbar</translation>
    </message>
    <message>
        <source>Hidden later</source>
        <translation>Später verdeckt</translation>
    </message>
    <message>
        <source>Nothing found in this image</source>
        <translation>In diesem Image nichts gefunden</translation>
    </message>
</context>
<context>
    <name>LayerStack</name>
    <message>
        <source>Layers</source>
        <translation>Layer</translation>
    </message>
</context>
<context>
    <name>Layers</name>
    <message>
        <source>waiting</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>already here</source>
        <translation>schon hier</translation>
    </message>
    <message>
        <source>downloading</source>
        <translation>wird heruntergeladen</translation>
    </message>
    <message>
        <source>verifying</source>
        <translation>wird geprüft</translation>
    </message>
    <message>
        <source>unpacking</source>
        <translation>wird entpackt</translation>
    </message>
    <message>
        <source>uploading</source>
        <translation>wird hochgeladen</translation>
    </message>
    <message>
        <source>already there</source>
        <translation>schon dort</translation>
    </message>
    <message>
        <source>trying again</source>
        <translation>neuer Versuch</translation>
    </message>
    <message>
        <source>done</source>
        <translation>fertig</translation>
    </message>
</context>
<context>
    <name>LeftBehind</name>
    <message>
        <source>It was left here, stopped. Removing takes its volumes along, and is done only if it runs there.</source>
        <translation>Es wurde angehalten hier gelassen. Das Entfernen nimmt seine Volumes mit und geschieht nur, wenn es dort läuft.</translation>
    </message>
    <message>
        <source>{0} runs on {1} now</source>
        <translation>{0} läuft jetzt auf {1}</translation>
    </message>
    <message>
        <source>Remove it here</source>
        <translation>Hier entfernen</translation>
    </message>
</context>
<context>
    <name>Listing</name>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Clear the filter</source>
        <translation>Filter aufheben</translation>
    </message>
    <message>
        <source>Nothing matches “{0}”</source>
        <translation>Keine Treffer für „{0}“</translation>
    </message>
</context>
<context>
    <name>LogView</name>
    <message numerus="yes">
        <source>{0} new lines</source>
        <translation>
            <numerusform>{0} neue Zeile</numerusform>
            <numerusform>{0} neue Zeilen</numerusform>
        </translation>
    </message>
    <message>
        <source>Follow</source>
        <translation>Folgen</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>Alles auswählen</translation>
    </message>
    <message>
        <source>Find…</source>
        <translation>Suchen…</translation>
    </message>
    <message>
        <source>Go to the end</source>
        <translation>Zum Ende gehen</translation>
    </message>
    <message numerus="yes">
        <source>… and {0} more characters</source>
        <translation>
            <numerusform>… und {0} weitere Zeichen</numerusform>
            <numerusform>… und {0} weitere Zeichen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LoginDialog</name>
    <message>
        <source>Log in to a registry</source>
        <translation>Bei einer Registry anmelden</translation>
    </message>
    <message>
        <source>Registry</source>
        <translation>Registry</translation>
    </message>
    <message>
        <source>User name</source>
        <translation>Benutzername</translation>
    </message>
    <message>
        <source>Password or token</source>
        <translation>Passwort oder Token</translation>
    </message>
    <message>
        <source>Kept in this desktop&apos;s password store if there is one.</source>
        <translation>Wird im Passwortspeicher dieses Desktops aufbewahrt, wenn es einen gibt.</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Log in</source>
        <translation>Anmelden</translation>
    </message>
    <message>
        <source>User name and password are both needed</source>
        <translation>Benutzername und Passwort werden beide gebraucht</translation>
    </message>
    <message>
        <source>Logged in to {0}</source>
        <translation>Bei {0} angemeldet</translation>
    </message>
</context>
<context>
    <name>Logs</name>
    <message>
        <source>Log</source>
        <translation>Log</translation>
    </message>
    <message>
        <source>Show this line in the whole log</source>
        <translation>Diese Zeile im ganzen Log zeigen</translation>
    </message>
    <message>
        <source>Search the whole log</source>
        <translation>Ganzes Log durchsuchen</translation>
    </message>
    <message>
        <source>Regular expression</source>
        <translation>Regulärer Ausdruck</translation>
    </message>
    <message>
        <source>Show only matching lines</source>
        <translation>Nur Trefferzeilen anzeigen</translation>
    </message>
    <message>
        <source>Hide matching lines</source>
        <translation>Trefferzeilen ausblenden</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Warnings</source>
        <translation>Warnungen</translation>
    </message>
    <message>
        <source>stderr</source>
        <translation>stderr</translation>
    </message>
    <message>
        <source>Wrap long lines</source>
        <translation>Lange Zeilen umbrechen</translation>
    </message>
    <message>
        <source>Follow the end</source>
        <translation>Dem Ende folgen</translation>
    </message>
    <message>
        <source>Kept filters</source>
        <translation>Gemerkte Filter</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Timestamps</source>
        <translation>Zeitstempel</translation>
    </message>
    <message>
        <source>Colours of the program</source>
        <translation>Farben des Programms</translation>
    </message>
    <message>
        <source>Lay out JSON</source>
        <translation>JSON aufbereiten</translation>
    </message>
    <message>
        <source>Copy all that is selected</source>
        <translation>Alles Ausgewählte kopieren</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Clear the view</source>
        <translation>Ansicht leeren</translation>
    </message>
    <message>
        <source>Show everything again</source>
        <translation>Alles wieder anzeigen</translation>
    </message>
    <message>
        <source>The log cannot be read: {0}</source>
        <translation>Das Log ist nicht lesbar: {0}</translation>
    </message>
    <message numerus="yes">
        <source>{0} lines</source>
        <translation>
            <numerusform>{0} Zeile</numerusform>
            <numerusform>{0} Zeilen</numerusform>
        </translation>
    </message>
    <message>
        <source>counting the lines…</source>
        <translation>die Zeilen werden gezählt …</translation>
    </message>
    <message numerus="yes">
        <source>{0} older lines dropped by the size limit</source>
        <translation>
            <numerusform>{0} ältere Zeile durch die Größengrenze entfallen</numerusform>
            <numerusform>{0} ältere Zeilen durch die Größengrenze entfallen</numerusform>
        </translation>
    </message>
    <message>
        <source>not a valid expression</source>
        <translation>kein gültiger Ausdruck</translation>
    </message>
    <message numerus="yes">
        <source>{0} matches</source>
        <translation>
            <numerusform>{0} Treffer</numerusform>
            <numerusform>{0} Treffer</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} matches, {1} % searched</source>
        <translation>
            <numerusform>{0} Treffer, {1} % durchsucht</numerusform>
            <numerusform>{0} Treffer, {1} % durchsucht</numerusform>
        </translation>
    </message>
    <message>
        <source>cannot search: {0}</source>
        <translation>Suche nicht möglich: {0}</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
    <message>
        <source>Export the log of {0}</source>
        <translation>Log von {0} exportieren</translation>
    </message>
    <message>
        <source>Logs (*.log *.log.gz)</source>
        <translation>Logs (*.log *.log.gz)</translation>
    </message>
    <message>
        <source>Exported to {0}</source>
        <translation>Exportiert nach {0}</translation>
    </message>
    <message>
        <source>Earlier runs</source>
        <translation>Frühere Läufe</translation>
    </message>
    <message>
        <source>Also the logs of removed containers that had this name</source>
        <translation>Auch die Protokolle entfernter Container dieses Namens</translation>
    </message>
    <message>
        <source>not {0}</source>
        <translation>nicht {0}</translation>
    </message>
    <message>
        <source>Keep this filter</source>
        <translation>Diesen Filter merken</translation>
    </message>
    <message>
        <source>Forget a filter</source>
        <translation>Einen Filter vergessen</translation>
    </message>
</context>
<context>
    <name>MachineActions</name>
    <message>
        <source>Forget {0}?</source>
        <translation>{0} vergessen?</translation>
    </message>
    <message>
        <source>Nothing on it changes; only its address is taken off the list.</source>
        <translation>Auf dem Rechner ändert sich nichts; nur seine Adresse wird aus der Liste genommen.</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>Vergessen</translation>
    </message>
    <message>
        <source>Forgot {0}</source>
        <translation>{0} vergessen</translation>
    </message>
    <message>
        <source>Removed {0} from {1}; it runs on {2}</source>
        <translation>{0} von {1} entfernt; es läuft auf {2}</translation>
    </message>
    <message>
        <source>Move or copy to…</source>
        <translation>Verschieben oder kopieren …</translation>
    </message>
    <message>
        <source>Add a machine…</source>
        <translation>Rechner hinzufügen …</translation>
    </message>
    <message>
        <source>Docker, Podman or Wherry on another machine, over ssh</source>
        <translation>Docker, Podman oder Wherry auf einem anderen Rechner, über ssh</translation>
    </message>
    <message>
        <source>Bring over from Docker and Podman…</source>
        <translation>Von Docker und Podman herüberholen …</translation>
    </message>
    <message>
        <source>What their engines on this computer have, copied here</source>
        <translation>Was deren Engines auf diesem Rechner haben, hierher kopiert</translation>
    </message>
    <message>
        <source>Show this computer</source>
        <translation>Diesen Rechner zeigen</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Ändern …</translation>
    </message>
    <message>
        <source>Forget…</source>
        <translation>Vergessen …</translation>
    </message>
</context>
<context>
    <name>MachineDialog</name>
    <message>
        <source>Add a machine</source>
        <translation>Rechner hinzufügen</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>How {0} is reached</source>
        <translation>Wie {0} erreicht wird</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>ssh://me@server, or a host of your ssh</source>
        <translation>ssh://ich@server oder ein Name aus Ihrem ssh</translation>
    </message>
    <message>
        <source>The authority&apos;s certificate, a .pem file</source>
        <translation>Das Zertifikat der Stelle, eine .pem-Datei</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Authority</source>
        <translation>Stelle</translation>
    </message>
    <message>
        <source>Certificate</source>
        <translation>Zertifikat</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Schlüssel</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>Probieren</translation>
    </message>
    <message>
        <source>Write an address: ssh://me@server, unix:///path or tcp://host:2376</source>
        <translation>Schreiben Sie eine Adresse: ssh://ich@server, unix:///pfad oder tcp://rechner:2376</translation>
    </message>
    <message>
        <source>The name begins with a letter or digit; . _ + - may follow</source>
        <translation>Der Name beginnt mit einem Buchstaben oder einer Ziffer; . _ + - dürfen folgen</translation>
    </message>
    <message>
        <source>Connecting to {0}…</source>
        <translation>Verbindung zu {0} …</translation>
    </message>
    <message>
        <source>Added {0}</source>
        <translation>{0} hinzugefügt</translation>
    </message>
    <message>
        <source>Changed {0}</source>
        <translation>{0} geändert</translation>
    </message>
</context>
<context>
    <name>Machines</name>
    <message>
        <source>Move or copy to</source>
        <translation>Verschieben oder kopieren nach</translation>
    </message>
    <message numerus="yes">
        <source>%n more</source>
        <translation>
            <numerusform>%n weitere</numerusform>
            <numerusform>%n weitere</numerusform>
        </translation>
    </message>
    <message>
        <source>Machine: {0}</source>
        <translation>Rechner: {0}</translation>
    </message>
    <message>
        <source>Choose a machine</source>
        <translation>Einen Rechner wählen</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>Dieser Rechner</translation>
    </message>
    <message>
        <source>Not heard of since {0}</source>
        <translation>Nichts gehört seit {0}</translation>
    </message>
    <message>
        <source>Not connected</source>
        <translation>Nicht verbunden</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>Verbindung …</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>Verbunden</translation>
    </message>
    <message>
        <source>Not heard of</source>
        <translation>Nichts gehört</translation>
    </message>
    <message>
        <source>Not reachable</source>
        <translation>Nicht erreichbar</translation>
    </message>
    <message>
        <source>From a docker context</source>
        <translation>Aus einem docker-Kontext</translation>
    </message>
    <message>
        <source>From a podman connection</source>
        <translation>Aus einer podman-Verbindung</translation>
    </message>
    <message numerus="yes">
        <source>%n containers</source>
        <translation>
            <numerusform>%n Container</numerusform>
            <numerusform>%n Container</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n aktiv</numerusform>
            <numerusform>%n aktiv</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n images</source>
        <translation>
            <numerusform>%n Image</numerusform>
            <numerusform>%n Images</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} on {1}: {2} ({3}), {4}; answers in {5} ms</source>
        <translation>{0} auf {1}: {2} ({3}), {4}; antwortet in {5} ms</translation>
    </message>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Volumes</source>
        <translation>Volumes</translation>
    </message>
    <message>
        <source>Networks</source>
        <translation>Netze</translation>
    </message>
    <message>
        <source>At most {0} are sent; what is there already is not.</source>
        <translation>Höchstens {0} werden gesendet; was schon dort ist, nicht.</translation>
    </message>
    <message>
        <source>{0} (is there)</source>
        <translation>{0} (ist dort)</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>Volume</source>
        <translation>Volume</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>is here already</source>
        <translation>ist schon hier</translation>
    </message>
</context>
<context>
    <name>MergedLogs</name>
    <message numerus="yes">
        <source>Logs of %n containers</source>
        <translation>
            <numerusform>Log von %n Container</numerusform>
            <numerusform>Logs von %n Containern</numerusform>
        </translation>
    </message>
    <message>
        <source>Merged</source>
        <translation>Zusammengeführt</translation>
    </message>
    <message>
        <source>Columns</source>
        <translation>Spalten</translation>
    </message>
    <message>
        <source>How they are shown</source>
        <translation>Wie sie gezeigt werden</translation>
    </message>
</context>
<context>
    <name>Messages</name>
    <message>
        <source>Message</source>
        <translation>Meldung</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Meldungen</translation>
    </message>
    <message>
        <source>What the window says is kept here until it is closed.</source>
        <translation>Was das Fenster sagt, steht hier, bis es geschlossen wird.</translation>
    </message>
    <message>
        <source>Nothing was said yet</source>
        <translation>Noch nichts gesagt</translation>
    </message>
</context>
<context>
    <name>Mounts</name>
    <message>
        <source>no size limit</source>
        <translation>ohne Größenlimit</translation>
    </message>
    <message>
        <source>memory, {0}</source>
        <translation>Arbeitsspeicher, {0}</translation>
    </message>
    <message>
        <source>unnamed volume {0}</source>
        <translation>unbenanntes Volume {0}</translation>
    </message>
</context>
<context>
    <name>MoveDialog</name>
    <message>
        <source>Move or copy {0}</source>
        <translation>{0} verschieben oder kopieren</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>To</source>
        <translation>Nach</translation>
    </message>
    <message>
        <source>A file…</source>
        <translation>Eine Datei …</translation>
    </message>
    <message>
        <source>Move: remove it here once it runs there</source>
        <translation>Verschieben: hier entfernen, sobald es dort läuft</translation>
    </message>
    <message>
        <source>Leave it here, stopped</source>
        <translation>Angehalten hier lassen</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Verschieben</translation>
    </message>
    <message>
        <source>Looking at what goes along…</source>
        <translation>Es wird nachgesehen, was mitgeht …</translation>
    </message>
    <message>
        <source>Write to a file</source>
        <translation>In eine Datei schreiben</translation>
    </message>
    <message>
        <source>{0} is on its way</source>
        <translation>{0} ist unterwegs</translation>
    </message>
    <message>
        <source>Remove it here</source>
        <translation>Hier entfernen</translation>
    </message>
</context>
<context>
    <name>Names</name>
    <message>
        <source>Letters, digits, “_”, “.” and “-”; a letter or digit first</source>
        <translation>Buchstaben, Ziffern, „_“, „.“ und „-“; am Anfang ein Buchstabe oder eine Ziffer</translation>
    </message>
    <message>
        <source>Write a number from 0 to {0}</source>
        <translation>Eine Zahl von 0 bis {0} eingeben</translation>
    </message>
</context>
<context>
    <name>NamesView</name>
    <message>
        <source>Back to the map</source>
        <translation>Zurück zur Karte</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Asked for</source>
        <translation>Gefragt nach</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Asked for and refused</source>
        <translation>Gefragt und verweigert</translation>
    </message>
    <message>
        <source>Addresses or name</source>
        <translation>Adressen oder Name</translation>
    </message>
    <message>
        <source>Questions of containers on networks of their own appear as they are asked, and places as they are refused. “May reach” in a container&apos;s form, or --egress example.org,*.debian.org,10.0.0.0/8, limits what may be reached; “none” allows nothing.</source>
        <translation>Fragen von Containern in eigenen Netzen erscheinen, sobald sie gestellt werden, und Orte, sobald sie verweigert werden. „Darf erreichen“ im Formular eines Containers oder --egress example.org,*.debian.org,10.0.0.0/8 begrenzt, was erreicht werden darf; „none“ erlaubt nichts.</translation>
    </message>
    <message>
        <source>Nobody asked for a name, and nothing was refused yet</source>
        <translation>Noch hat niemand nach einem Namen gefragt, und nichts wurde verweigert</translation>
    </message>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>%n verweigert</numerusform>
            <numerusform>%n verweigert</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>refused %n times</source>
        <translation>
            <numerusform>%n-mal verweigert</numerusform>
            <numerusform>%n-mal verweigert</numerusform>
        </translation>
    </message>
    <message>
        <source>a neighbour</source>
        <translation>ein Nachbar</translation>
    </message>
    <message>
        <source>from outside</source>
        <translation>von außen</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>refused</source>
        <translation>verweigert</translation>
    </message>
    <message>
        <source>no such name</source>
        <translation>kein solcher Name</translation>
    </message>
</context>
<context>
    <name>NetworkActions</name>
    <message>
        <source>It is always there</source>
        <translation>Es ist immer da</translation>
    </message>
    <message>
        <source>Containers are connected: disconnect them first</source>
        <translation>Container sind verbunden: zuerst trennen</translation>
    </message>
    <message numerus="yes">
        <source>Removed %n networks</source>
        <translation>
            <numerusform>%n Netzwerk entfernt</numerusform>
            <numerusform>%n Netzwerke entfernt</numerusform>
        </translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove unused networks?</source>
        <translation>Unbenutzte Netzwerke entfernen?</translation>
    </message>
    <message>
        <source>Every network is in use: there is nothing to remove.</source>
        <translation>Jedes Netzwerk ist in Benutzung: Es gibt nichts zu entfernen.</translation>
    </message>
    <message numerus="yes">
        <source>%n networks have no container.</source>
        <translation>
            <numerusform>%n Netzwerk hat keinen Container.</numerusform>
            <numerusform>%n Netzwerke haben keinen Container.</numerusform>
        </translation>
    </message>
    <message>
        <source>New network…</source>
        <translation>Neues Netzwerk…</translation>
    </message>
    <message>
        <source>Remove unused networks…</source>
        <translation>Unbenutzte Netzwerke entfernen…</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Connect a container…</source>
        <translation>Container verbinden…</translation>
    </message>
</context>
<context>
    <name>NetworkMap</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Open the container</source>
        <translation>Den Container öffnen</translation>
    </message>
    <message>
        <source>Why can it not reach…?</source>
        <translation>Warum nicht erreichbar…?</translation>
    </message>
    <message>
        <source>The last minute, at most {0}</source>
        <translation>Die letzte Minute, höchstens {0}</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Also called</source>
        <translation>Heißt auch</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Empfangen</translation>
    </message>
    <message>
        <source>Sent</source>
        <translation>Gesendet</translation>
    </message>
    <message>
        <source>Since its start</source>
        <translation>Seit dem Start</translation>
    </message>
    <message>
        <source>Of that outside</source>
        <translation>Davon nach außen</translation>
    </message>
    <message numerus="yes">
        <source>%n more</source>
        <translation>
            <numerusform>%n weitere</numerusform>
            <numerusform>%n weitere</numerusform>
        </translation>
    </message>
    <message>
        <source>Name server</source>
        <translation>Namensserver</translation>
    </message>
    <message>
        <source>It reaches no other container.</source>
        <translation>Er erreicht keinen anderen Container.</translation>
    </message>
    <message numerus="yes">
        <source>{0} and {1} more</source>
        <translation>
            <numerusform>{0} und {1} weitere</numerusform>
            <numerusform>{0} und {1} weitere</numerusform>
        </translation>
    </message>
    <message>
        <source>Reaches: {0}</source>
        <translation>Erreicht: {0}</translation>
    </message>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>%n verweigert</numerusform>
            <numerusform>%n verweigert</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>leads to %n containers</source>
        <translation>
            <numerusform>führt zu %n Container</numerusform>
            <numerusform>führt zu %n Containern</numerusform>
        </translation>
    </message>
    <message>
        <source>Asked for and refused</source>
        <translation>Gefragt und verweigert</translation>
    </message>
    <message>
        <source>Default network</source>
        <translation>Standardnetz</translation>
    </message>
    <message>
        <source>This computer&apos;s own network</source>
        <translation>Das Netz dieses Rechners</translation>
    </message>
    <message>
        <source>No network</source>
        <translation>Kein Netz</translation>
    </message>
    <message>
        <source>limited</source>
        <translation>begrenzt</translation>
    </message>
    <message>
        <source>Talked to</source>
        <translation>Sprach mit</translation>
    </message>
    <message>
        <source>no way out</source>
        <translation>kein Weg hinaus</translation>
    </message>
    <message>
        <source>reaches the internet</source>
        <translation>erreicht das Internet</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>Dieser Rechner</translation>
    </message>
    <message>
        <source>Who reaches whom</source>
        <translation>Wer erreicht wen</translation>
    </message>
    <message>
        <source>Back to the networks</source>
        <translation>Zurück zu den Netzen</translation>
    </message>
    <message>
        <source>Networks and what hangs on them</source>
        <translation>Netze und was an ihnen hängt</translation>
    </message>
    <message>
        <source>Whoever hangs on the same line reaches each other. A wire is as thick as what flows through it; dashed ones hang on another network too.</source>
        <translation>Wer an derselben Linie hängt, erreicht einander. Ein Draht ist so dick wie das, was durch ihn fließt; Gestrichelte hängen auch an einem anderen Netz.</translation>
    </message>
    <message>
        <source>Nothing to draw yet</source>
        <translation>Noch nichts zu zeichnen</translation>
    </message>
    <message>
        <source>Containers appear here once they run, each on the line of its network.</source>
        <translation>Container erscheinen hier, sobald sie laufen, jeder an der Linie seines Netzes.</translation>
    </message>
</context>
<context>
    <name>NetworksModel</name>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>Driver</source>
        <translation>Treiber</translation>
    </message>
    <message>
        <source>Subnet</source>
        <translation>Subnetz</translation>
    </message>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Container</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>MAC address</source>
        <translation>MAC-Adresse</translation>
    </message>
    <message>
        <source>Also called</source>
        <translation>Weitere Namen</translation>
    </message>
    <message>
        <source>always there</source>
        <translation>immer da</translation>
    </message>
    <message>
        <source>no way out</source>
        <translation>kein Weg nach außen</translation>
    </message>
</context>
<context>
    <name>NetworksPage</name>
    <message>
        <source>Networks</source>
        <translation>Netzwerke</translation>
    </message>
    <message>
        <source>Filter by name, subnet, container</source>
        <translation>Netzwerke filtern</translation>
    </message>
    <message numerus="yes">
        <source>%n networks</source>
        <translation>
            <numerusform>%n Netzwerk</numerusform>
            <numerusform>%n Netzwerke</numerusform>
        </translation>
    </message>
    <message>
        <source>No networks yet</source>
        <translation>Noch keine Netzwerke</translation>
    </message>
    <message>
        <source>On a network of their own, containers find each other by name.</source>
        <translation>In einem eigenen Netzwerk finden Container einander über den Namen.</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>List</source>
        <translation>Liste</translation>
    </message>
    <message>
        <source>Map</source>
        <translation>Karte</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
    <message>
        <source>Connect a container</source>
        <translation>Container verbinden</translation>
    </message>
    <message>
        <source>Containers on this network</source>
        <translation>Container in diesem Netzwerk</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Disconnect</source>
        <translation>Trennen</translation>
    </message>
    <message>
        <source>Nobody is on this network</source>
        <translation>Niemand ist in diesem Netzwerk</translation>
    </message>
    <message>
        <source>Id</source>
        <translation>ID</translation>
    </message>
    <message>
        <source>Subnet</source>
        <translation>Subnetz</translation>
    </message>
    <message>
        <source>Gateway</source>
        <translation>Gateway</translation>
    </message>
    <message>
        <source>Way out</source>
        <translation>Weg nach außen</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keiner</translation>
    </message>
    <message>
        <source>through this computer</source>
        <translation>über diesen Rechner</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>Labels</translation>
    </message>
    <message numerus="yes">
        <source>Disconnected %n containers</source>
        <translation>
            <numerusform>%n Container getrennt</numerusform>
            <numerusform>%n Container getrennt</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Ports of this computer</source>
        <translation>Ports dieses Rechners</translation>
    </message>
    <message>
        <source>Back to the networks</source>
        <translation>Zurück zu den Netzwerken</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Erneut nachsehen</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>Port</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Held by</source>
        <translation>Belegt von</translation>
    </message>
    <message>
        <source>Port inside</source>
        <translation>Port im Inneren</translation>
    </message>
    <message>
        <source>Nobody listens on a port</source>
        <translation>Niemand lauscht an einem Port</translation>
    </message>
    <message>
        <source>another user&apos;s program</source>
        <translation>Programm eines anderen Benutzers</translation>
    </message>
</context>
<context>
    <name>NewService</name>
    <message>
        <source>New service</source>
        <translation>Neuer Dienst</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>Anlegen</translation>
    </message>
    <message>
        <source>Chosen by the swarm</source>
        <translation>Wählt der Swarm</translation>
    </message>
    <message>
        <source>The image&apos;s own</source>
        <translation>Der des Images</translation>
    </message>
    <message>
        <source>So many, wherever there is room</source>
        <translation>So viele, wo Platz ist</translation>
    </message>
    <message>
        <source>One on each node</source>
        <translation>Eine auf jedem Knoten</translation>
    </message>
    <message>
        <source>Give the nodes this computer&apos;s login for the registry</source>
        <translation>Den Knoten die Anmeldung dieses Rechners bei der Registry mitgeben</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Tasks</source>
        <translation>Aufgaben</translation>
    </message>
    <message>
        <source>How many</source>
        <translation>Anzahl</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Variables</source>
        <translation>Variablen</translation>
    </message>
    <message>
        <source>Write an image</source>
        <translation>Ein Image angeben</translation>
    </message>
    <message>
        <source>A name begins and ends with a letter or digit; . _ - may stand between</source>
        <translation>Ein Name beginnt und endet mit Buchstabe oder Ziffer; . _ - dürfen dazwischen stehen</translation>
    </message>
    <message>
        <source>Ports are written 8080:80 or 53:53/udp, with commas between</source>
        <translation>Ports schreibt man 8080:80 oder 53:53/udp, mit Kommas dazwischen</translation>
    </message>
    <message>
        <source>Variables are written NAME=value, a line each</source>
        <translation>Variablen schreibt man NAME=Wert, je eine Zeile</translation>
    </message>
    <message>
        <source>A quote in the command is not closed</source>
        <translation>Ein Anführungszeichen im Befehl ist nicht geschlossen</translation>
    </message>
    <message>
        <source>The service is made; its tasks start now.</source>
        <translation>Der Dienst ist angelegt; seine Aufgaben starten jetzt.</translation>
    </message>
</context>
<context>
    <name>Notices</name>
    <message>
        <source>Its health check fails. The log may say why.</source>
        <translation>Die Zustandsprüfung schlägt fehl. Das Log nennt vielleicht den Grund.</translation>
    </message>
    <message>
        <source>{0} is unhealthy</source>
        <translation>{0} ist ungesund</translation>
    </message>
    <message>
        <source>It was killed because it used all the memory it may have.</source>
        <translation>Er wurde beendet, weil er allen erlaubten Speicher verbraucht hat.</translation>
    </message>
    <message>
        <source>Its command ended with code {0}.</source>
        <translation>Sein Befehl endete mit Code {0}.</translation>
    </message>
    <message>
        <source>{0} has died</source>
        <translation>{0} ist ausgefallen</translation>
    </message>
</context>
<context>
    <name>Numbers</name>
    <message>
        <source>.</source>
        <translation>,</translation>
    </message>
    <message>
        <source>,</source>
        <translation>.</translation>
    </message>
</context>
<context>
    <name>OperationDialog</name>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Cancel it</source>
        <translation>Vorgang abbrechen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal versuchen</translation>
    </message>
    <message>
        <source>What can be done</source>
        <translation>Was möglich ist</translation>
    </message>
</context>
<context>
    <name>Operations</name>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Abgebrochen</translation>
    </message>
    <message>
        <source>step {0} of {1}</source>
        <translation>Schritt {0} von {1}</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
</context>
<context>
    <name>Overview</name>
    <message>
        <source>Environment</source>
        <translation>Umgebung</translation>
    </message>
    <message>
        <source>Show secrets</source>
        <translation>Geheimes anzeigen</translation>
    </message>
    <message>
        <source>About</source>
        <translation>Über den Container</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Ändern</translation>
    </message>
    <message>
        <source>Mounts</source>
        <translation>Mounts</translation>
    </message>
    <message>
        <source>Limits</source>
        <translation>Limits</translation>
    </message>
    <message>
        <source>What it can and cannot do</source>
        <translation>Was er darf und was nicht</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Id</source>
        <translation>ID</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Gestartet</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Neustart</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Directory</source>
        <translation>Verzeichnis</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>Process id</source>
        <translation>Prozess-ID</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicherung</translation>
    </message>
    <message>
        <source>never by itself</source>
        <translation>nie von selbst</translation>
    </message>
    <message>
        <source>when it fails</source>
        <translation>bei Fehlern</translation>
    </message>
    <message>
        <source>always</source>
        <translation>immer</translation>
    </message>
    <message>
        <source>unless stopped by hand</source>
        <translation>außer nach Stopp von Hand</translation>
    </message>
    <message>
        <source> · {0} so far</source>
        <translation> · bisher {0}</translation>
    </message>
    <message>
        <source>Address for browsers</source>
        <translation>Adresse für Browser</translation>
    </message>
    <message>
        <source>none published</source>
        <translation>keine veröffentlicht</translation>
    </message>
    <message>
        <source>  (read only)</source>
        <translation>  (nur lesen)</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>It cannot write here</source>
        <translation>Hier kann er nicht schreiben</translation>
    </message>
    <message>
        <source>no limit</source>
        <translation>kein Limit</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>CPUs</source>
        <translation>CPUs</translation>
    </message>
    <message>
        <source>Processes</source>
        <translation>Prozesse</translation>
    </message>
    <message>
        <source>On processors</source>
        <translation>Auf Prozessoren</translation>
    </message>
    <message>
        <source>Not enforced</source>
        <translation>Nicht durchgesetzt</translation>
    </message>
    <message>
        <source>It has no way out now</source>
        <translation>Er hat gerade keinen Weg nach draußen</translation>
    </message>
    <message>
        <source>This computer had no network when it started. It reaches its neighbours, published ports answer, and it gets its way out as soon as the network is back.</source>
        <translation>Dieser Rechner hatte kein Netz, als er gestartet wurde. Er erreicht seine Nachbarn, veröffentlichte Ports antworten, und er bekommt seinen Weg nach draußen, sobald das Netz wieder da ist.</translation>
    </message>
    <message>
        <source>The History tab has the whole report.</source>
        <translation>Der Reiter Verlauf enthält den ganzen Bericht.</translation>
    </message>
    <message>
        <source>Why did it end?</source>
        <translation>Warum wurde er beendet?</translation>
    </message>
    <message>
        <source>Start again</source>
        <translation>Erneut starten</translation>
    </message>
    <message>
        <source>Hide secrets</source>
        <translation>Geheimes verbergen</translation>
    </message>
</context>
<context>
    <name>Pages</name>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Projects</source>
        <translation>Projekte</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Volumes</source>
        <translation>Volumes</translation>
    </message>
    <message>
        <source>Networks</source>
        <translation>Netzwerke</translation>
    </message>
    <message>
        <source>Clusters</source>
        <translation>Cluster</translation>
    </message>
    <message>
        <source>Swarm</source>
        <translation>Swarm</translation>
    </message>
    <message>
        <source>Builds</source>
        <translation>Builds</translation>
    </message>
    <message>
        <source>Disk</source>
        <translation>Datenträger</translation>
    </message>
    <message>
        <source>Activity</source>
        <translation>Aktivität</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Welcome</source>
        <translation>Willkommen</translation>
    </message>
</context>
<context>
    <name>Palette</name>
    <message>
        <source>Go to {0}</source>
        <translation>Gehe zu {0}</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Volume</source>
        <translation>Volume</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search everything</source>
        <translation>Alles durchsuchen</translation>
    </message>
    <message>
        <source>Find anything, do anything (Ctrl+K)</source>
        <translation>Alles finden, alles tun (Strg+K)</translation>
    </message>
    <message>
        <source>Command palette</source>
        <translation>Befehlspalette</translation>
    </message>
    <message>
        <source>Search containers, images, volumes, and everything you can do</source>
        <translation>Container, Images, Volumes und alle Aktionen durchsuchen</translation>
    </message>
    <message>
        <source>Results</source>
        <translation>Ergebnisse</translation>
    </message>
</context>
<context>
    <name>Plan</name>
    <message>
        <source>Create</source>
        <translation>Erstellen</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Stoppen</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Ändern</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Pull</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>Bauen</translation>
    </message>
    <message>
        <source>Make the network</source>
        <translation>Netzwerk anlegen</translation>
    </message>
    <message>
        <source>Make the volume</source>
        <translation>Volume anlegen</translation>
    </message>
    <message>
        <source>Watch</source>
        <translation>Beobachten</translation>
    </message>
    <message>
        <source>Sync</source>
        <translation>Abgleichen</translation>
    </message>
    <message>
        <source>Rebuild</source>
        <translation>Neu bauen</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Neu starten</translation>
    </message>
    <message>
        <source>Run a command in</source>
        <translation>Befehl ausführen in</translation>
    </message>
    <message>
        <source>Remove the network</source>
        <translation>Netzwerk entfernen</translation>
    </message>
    <message>
        <source>Delete the volume</source>
        <translation>Volume löschen</translation>
    </message>
    <message>
        <source>Remove the image</source>
        <translation>Image entfernen</translation>
    </message>
    <message>
        <source>more than the files ask for</source>
        <translation>mehr, als die Dateien verlangen</translation>
    </message>
    <message>
        <source>it lives in a container that becomes another</source>
        <translation>er lebt in einem Container, der ein anderer wird</translation>
    </message>
    <message>
        <source>left over from what was cut off</source>
        <translation>übrig von etwas, das abgebrochen wurde</translation>
    </message>
    <message>
        <source>no longer in the files</source>
        <translation>nicht mehr in den Dateien</translation>
    </message>
    <message>
        <source>as was asked</source>
        <translation>wie verlangt</translation>
    </message>
    <message>
        <source>its network is made anew</source>
        <translation>sein Netzwerk wird neu angelegt</translation>
    </message>
    <message>
        <source>the image is another</source>
        <translation>das Image ist ein anderes</translation>
    </message>
    <message>
        <source>replaced if its image becomes another</source>
        <translation>wird ersetzt, wenn sein Image ein anderes wird</translation>
    </message>
    <message>
        <source>made with other settings, not known which</source>
        <translation>mit anderen Einstellungen erstellt, unbekannt welchen</translation>
    </message>
    <message>
        <source>its settings are others</source>
        <translation>seine Einstellungen sind andere</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>at it</source>
        <translation>läuft</translation>
    </message>
    <message>
        <source>done</source>
        <translation>erledigt</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>fehlgeschlagen</translation>
    </message>
    <message>
        <source>not done</source>
        <translation>nicht getan</translation>
    </message>
    <message>
        <source>Nothing to do: everything is as the files say.</source>
        <translation>Nichts zu tun: Alles ist, wie die Dateien sagen.</translation>
    </message>
    <message numerus="yes">
        <source>%n steps</source>
        <translation>
            <numerusform>%n Schritt</numerusform>
            <numerusform>%n Schritte</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PlanDialog</name>
    <message>
        <source>Working out what would be done…</source>
        <translation>Ermittle, was zu tun wäre…</translation>
    </message>
    <message>
        <source>Delete its volumes too, with all that is in them</source>
        <translation>Auch seine Volumes löschen, mit allem, was darin ist</translation>
    </message>
    <message>
        <source>Remove containers of services that are no longer in the files</source>
        <translation>Container von Diensten entfernen, die nicht mehr in den Dateien stehen</translation>
    </message>
    <message>
        <source>What will be done</source>
        <translation>Was getan wird</translation>
    </message>
    <message>
        <source>Nothing to do</source>
        <translation>Nichts zu tun</translation>
    </message>
    <message>
        <source>Cancel it</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Take it down</source>
        <translation>Abbauen</translation>
    </message>
    <message>
        <source>Bring it up</source>
        <translation>Hochfahren</translation>
    </message>
    <message>
        <source>Roll back</source>
        <translation>Zurückkehren</translation>
    </message>
    <message>
        <source>Roll back {0}</source>
        <translation>{0} auf den früheren Stand bringen</translation>
    </message>
    <message>
        <source>Take down {0}</source>
        <translation>{0} abbauen</translation>
    </message>
    <message>
        <source>Bring up {0}</source>
        <translation>{0} hochfahren</translation>
    </message>
    <message>
        <source>The files cannot be used</source>
        <translation>Die Dateien sind nicht brauchbar</translation>
    </message>
    <message>
        <source>Deleted with what is in them: {0}</source>
        <translation>Mit ihrem Inhalt gelöscht: {0}</translation>
    </message>
    <message>
        <source>frees {0}</source>
        <translation>gibt {0} frei</translation>
    </message>
    <message>
        <source>Kept: images, files and what is in {0}</source>
        <translation>Bleiben: Images, Dateien und was in {0} ist</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Took down {0}</source>
        <translation>{0} wurde abgebaut</translation>
    </message>
    <message>
        <source>Took down {0} with its volumes</source>
        <translation>{0} wurde mit seinen Volumes abgebaut</translation>
    </message>
    <message>
        <source>For ten seconds, Undo then brings all of it back, with the files in the containers.</source>
        <translation>Zehn Sekunden lang holt „Rückgängig“ danach alles zurück, mit den Dateien in den Containern.</translation>
    </message>
    <message numerus="yes">
        <source>{0} of {1} steps done</source>
        <translation>
            <numerusform>{0} von {1} Schritt erledigt</numerusform>
            <numerusform>{0} von {1} Schritten erledigt</numerusform>
        </translation>
    </message>
    <message>
        <source>All is done.</source>
        <translation>Alles ist erledigt.</translation>
    </message>
    <message>
        <source>Cancelled; what was done stays, and Up goes on from there.</source>
        <translation>Abgebrochen; was getan ist, bleibt, und Hochfahren macht von dort weiter.</translation>
    </message>
    <message>
        <source>Not all could be done; what ran before goes on running.</source>
        <translation>Nicht alles gelang; was vorher lief, läuft weiter.</translation>
    </message>
</context>
<context>
    <name>PodActions</name>
    <message>
        <source>No container is in it</source>
        <translation>Kein Container ist darin</translation>
    </message>
    <message>
        <source>Started the pod {0}</source>
        <translation>Pod {0} gestartet</translation>
    </message>
    <message>
        <source>Stopped the pod {0}</source>
        <translation>Pod {0} angehalten</translation>
    </message>
    <message>
        <source>Started the pod {0} anew</source>
        <translation>Pod {0} neu gestartet</translation>
    </message>
    <message>
        <source>Remove the pod {0}?</source>
        <translation>Pod {0} entfernen?</translation>
    </message>
    <message>
        <source>All its containers are stopped and removed. Volumes stay.</source>
        <translation>Alle seine Container werden angehalten und entfernt. Volumes bleiben.</translation>
    </message>
    <message>
        <source>No container is in it.</source>
        <translation>Kein Container ist darin.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Removed the pod {0}</source>
        <translation>Pod {0} entfernt</translation>
    </message>
    <message>
        <source>Start the pod</source>
        <translation>Pod starten</translation>
    </message>
    <message>
        <source>Stop the pod</source>
        <translation>Pod anhalten</translation>
    </message>
    <message>
        <source>Restart the pod</source>
        <translation>Pod neu starten</translation>
    </message>
    <message>
        <source>Remove the pod…</source>
        <translation>Pod entfernen …</translation>
    </message>
</context>
<context>
    <name>Ports</name>
    <message>
        <source>auto</source>
        <translation>automatisch</translation>
    </message>
</context>
<context>
    <name>Processes</name>
    <message>
        <source>PID</source>
        <translation>PID</translation>
    </message>
    <message>
        <source>{0} on the host</source>
        <translation>{0} auf dem Rechner</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>CPU time</source>
        <translation>CPU-Zeit</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Gestartet</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Processes</source>
        <translation>Prozesse</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>{0} is not running</source>
        <translation>{0} läuft nicht</translation>
    </message>
    <message>
        <source>A stopped container has no processes.</source>
        <translation>Ein gestoppter Container hat keine Prozesse.</translation>
    </message>
    <message numerus="yes">
        <source>%n processes</source>
        <translation>
            <numerusform>%n Prozess</numerusform>
            <numerusform>%n Prozesse</numerusform>
        </translation>
    </message>
    <message>
        <source>Send {0}</source>
        <translation>{0} senden</translation>
    </message>
    <message>
        <source>Kill at once?</source>
        <translation>Sofort beenden?</translation>
    </message>
    <message>
        <source>What it has not written yet is lost.</source>
        <translation>Was noch nicht geschrieben ist, geht verloren.</translation>
    </message>
    <message>
        <source>Kill</source>
        <translation>Sofort beenden</translation>
    </message>
</context>
<context>
    <name>ProgramActions</name>
    <message>
        <source>The demo service runs</source>
        <translation>Der Demo-Dienst läuft</translation>
    </message>
    <message>
        <source>Open its page</source>
        <translation>Seine Seite öffnen</translation>
    </message>
    <message>
        <source>Open an archive of images</source>
        <translation>Archiv mit Images öffnen</translation>
    </message>
    <message>
        <source>Image archives ({0})</source>
        <translation>Image-Archive ({0})</translation>
    </message>
    <message>
        <source>Loaded {0}</source>
        <translation>{0} geladen</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>Run the demo service</source>
        <translation>Demo-Dienst starten</translation>
    </message>
    <message>
        <source>A small web page, made here; needs no network</source>
        <translation>Eine kleine Webseite, hier erzeugt; braucht kein Netz</translation>
    </message>
    <message>
        <source>Open an archive…</source>
        <translation>Archiv öffnen…</translation>
    </message>
    <message>
        <source>Load images from a file</source>
        <translation>Images aus einer Datei laden</translation>
    </message>
    <message>
        <source>Welcome page</source>
        <translation>Willkommensseite</translation>
    </message>
    <message>
        <source>Switch light and dark</source>
        <translation>Zwischen Hell und Dunkel wechseln</translation>
    </message>
    <message>
        <source>Ask the doctor</source>
        <translation>Diagnose befragen</translation>
    </message>
    <message>
        <source>Clear finished activity</source>
        <translation>Beendete Vorgänge ausblenden</translation>
    </message>
</context>
<context>
    <name>ProgressRows</name>
    <message>
        <source>Progress of the parts</source>
        <translation>Fortschritt der Teile</translation>
    </message>
</context>
<context>
    <name>ProjectActions</name>
    <message>
        <source>It is not up</source>
        <translation>Es läuft nicht</translation>
    </message>
    <message>
        <source>It was never brought up here</source>
        <translation>Es wurde hier nie hochgefahren</translation>
    </message>
    <message numerus="yes">
        <source>Make a project of %n containers</source>
        <translation>
            <numerusform>Aus %n Container ein Projekt machen</numerusform>
            <numerusform>Aus %n Containern ein Projekt machen</numerusform>
        </translation>
    </message>
    <message>
        <source>Its name</source>
        <translation>Sein Name</translation>
    </message>
    <message>
        <source>Write its file</source>
        <translation>Datei schreiben</translation>
    </message>
    <message>
        <source>Letters and figures</source>
        <translation>Buchstaben und Ziffern</translation>
    </message>
    <message>
        <source>{0} is there already</source>
        <translation>{0} gibt es schon</translation>
    </message>
    <message>
        <source>The containers are described in {0}</source>
        <translation>Die Container sind in {0} beschrieben</translation>
    </message>
    <message>
        <source>Open a compose file</source>
        <translation>Eine Compose-Datei öffnen</translation>
    </message>
    <message>
        <source>Compose files ({0})</source>
        <translation>Compose-Dateien ({0})</translation>
    </message>
    <message>
        <source>There is no compose file in {0}</source>
        <translation>In {0} ist keine Compose-Datei</translation>
    </message>
    <message>
        <source>The files of {0} are not known</source>
        <translation>Die Dateien von {0} sind nicht bekannt</translation>
    </message>
    <message>
        <source>Open its compose file first.</source>
        <translation>Öffnen Sie zuerst die Compose-Datei.</translation>
    </message>
    <message>
        <source>{0} is no longer watched</source>
        <translation>{0} wird nicht mehr beobachtet</translation>
    </message>
    <message>
        <source>The files of {0} are watched</source>
        <translation>Die Dateien von {0} werden beobachtet</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Open a compose file…</source>
        <translation>Compose-Datei öffnen…</translation>
    </message>
    <message>
        <source>Show a project of several services</source>
        <translation>Ein Projekt aus mehreren Diensten zeigen</translation>
    </message>
    <message>
        <source>Pick a service…</source>
        <translation>Einen Dienst auswählen …</translation>
    </message>
    <message>
        <source>Databases, brokers, web servers and more, ready to run</source>
        <translation>Datenbanken, Broker, Webserver und mehr, fertig zum Starten</translation>
    </message>
    <message>
        <source>Add a service from the gallery…</source>
        <translation>Dienst aus der Galerie hinzufügen …</translation>
    </message>
    <message>
        <source>Make a project of them…</source>
        <translation>Ein Projekt daraus machen …</translation>
    </message>
    <message>
        <source>A compose file that makes the same containers</source>
        <translation>Eine Compose-Datei, die dieselben Container macht</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Up…</source>
        <translation>Hochfahren…</translation>
    </message>
    <message>
        <source>See what would be done, then bring it up</source>
        <translation>Erst sehen, was zu tun wäre, dann hochfahren</translation>
    </message>
    <message>
        <source>Down…</source>
        <translation>Abbauen…</translation>
    </message>
    <message>
        <source>See what would be removed, then take it away</source>
        <translation>Erst sehen, was wegkäme, dann abbauen</translation>
    </message>
    <message>
        <source>Update…</source>
        <translation>Aktualisieren …</translation>
    </message>
    <message>
        <source>Get newer images, then see what they would change</source>
        <translation>Neuere Images holen und dann sehen, was sie ändern würden</translation>
    </message>
    <message>
        <source>Scale…</source>
        <translation>Skalieren …</translation>
    </message>
    <message>
        <source>How many containers each service has</source>
        <translation>Wie viele Container jeder Dienst hat</translation>
    </message>
    <message>
        <source>Watch its files, or leave off</source>
        <translation>Dateien beobachten oder damit aufhören</translation>
    </message>
    <message>
        <source>What changes in its folders comes into its containers, as it says</source>
        <translation>Was sich in seinen Ordnern ändert, kommt in seine Container, wie es dort steht</translation>
    </message>
    <message>
        <source>Export as…</source>
        <translation>Exportieren als …</translation>
    </message>
    <message>
        <source>As a Kubernetes manifest, units of Quadlet or systemd, lines</source>
        <translation>Als Kubernetes-Manifest, Quadlet- oder systemd-Units, Zeilen</translation>
    </message>
    <message>
        <source>Roll back…</source>
        <translation>Zurückkehren…</translation>
    </message>
    <message>
        <source>Back to what was before the last change</source>
        <translation>Zurück zum Stand vor der letzten Änderung</translation>
    </message>
</context>
<context>
    <name>ProjectDetails</name>
    <message>
        <source>Nothing runs yet, so there is no log</source>
        <translation>Noch läuft nichts, also gibt es kein Log</translation>
    </message>
    <message>
        <source>Nothing runs yet, so there are no figures</source>
        <translation>Noch läuft nichts, also gibt es keine Zahlen</translation>
    </message>
    <message>
        <source>Back to the projects</source>
        <translation>Zurück zu den Projekten</translation>
    </message>
    <message>
        <source>More to do</source>
        <translation>Weiteres</translation>
    </message>
    <message>
        <source>Services</source>
        <translation>Dienste</translation>
    </message>
    <message>
        <source>Figures</source>
        <translation>Zahlen</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Log</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>What to show</source>
        <translation>Was gezeigt wird</translation>
    </message>
    <message>
        <source>Services and what they wait for</source>
        <translation>Dienste und worauf sie warten</translation>
    </message>
    <message>
        <source>It is not up</source>
        <translation>Es läuft nicht</translation>
    </message>
    <message>
        <source>Up shows what would be made before anything happens.</source>
        <translation>Hochfahren zeigt, was angelegt würde, bevor etwas geschieht.</translation>
    </message>
    <message>
        <source>It was not brought up here yet</source>
        <translation>Es wurde hier noch nicht hochgefahren</translation>
    </message>
</context>
<context>
    <name>ProjectGraph</name>
    <message>
        <source>not made yet</source>
        <translation>noch nicht angelegt</translation>
    </message>
    <message>
        <source>waits for {0}</source>
        <translation>wartet auf {0}</translation>
    </message>
</context>
<context>
    <name>ProjectPast</name>
    <message>
        <source>What changed in the files</source>
        <translation>Was sich in den Dateien geändert hat</translation>
    </message>
    <message>
        <source>Back to this…</source>
        <translation>Zurück zu diesem …</translation>
    </message>
    <message>
        <source>The files were the same as at the time before.</source>
        <translation>Die Dateien waren dieselben wie beim Mal davor.</translation>
    </message>
    <message>
        <source>The files of that time were not kept.</source>
        <translation>Die Dateien von damals wurden nicht aufgehoben.</translation>
    </message>
</context>
<context>
    <name>ProjectStorage</name>
    <message>
        <source>Volumes and networks</source>
        <translation>Volumes und Netzwerke</translation>
    </message>
    <message>
        <source>No volumes and no networks of its own</source>
        <translation>Keine eigenen Volumes und Netzwerke</translation>
    </message>
</context>
<context>
    <name>ProjectVariables</name>
    <message>
        <source>Variables</source>
        <translation>Variablen</translation>
    </message>
    <message>
        <source>The files ask for no variables</source>
        <translation>Die Dateien fragen nach keinen Variablen</translation>
    </message>
    <message>
        <source>Where one says ${NAME}, its value can be set here.</source>
        <translation>Wo eine ${NAME} sagt, lässt sich ihr Wert hier setzen.</translation>
    </message>
    <message>
        <source>The value of {0}</source>
        <translation>Der Wert von {0}</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>Write it into .env</source>
        <translation>In .env schreiben</translation>
    </message>
    <message>
        <source>{0} could not be written: {1}</source>
        <translation>{0} konnte nicht geschrieben werden: {1}</translation>
    </message>
    <message>
        <source>{0} is set in Wherry&apos;s own environment too, which counts.</source>
        <translation>{0} steht auch in Wherrys eigener Umgebung, und die gilt.</translation>
    </message>
</context>
<context>
    <name>Projects</name>
    <message>
        <source>not up</source>
        <translation>läuft nicht</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
    <message numerus="yes">
        <source>%n unhealthy</source>
        <translation>
            <numerusform>%n ungesund</numerusform>
            <numerusform>%n ungesund</numerusform>
        </translation>
    </message>
    <message>
        <source>checking</source>
        <translation>wird geprüft</translation>
    </message>
    <message>
        <source>healthy</source>
        <translation>gesund</translation>
    </message>
    <message>
        <source>in Wherry&apos;s environment</source>
        <translation>in Wherrys Umgebung</translation>
    </message>
    <message>
        <source>in {0}</source>
        <translation>in {0}</translation>
    </message>
    <message>
        <source>as the files say without it</source>
        <translation>wie die Dateien ohne sie sagen</translation>
    </message>
    <message>
        <source>not set: it is empty</source>
        <translation>nicht gesetzt: leer</translation>
    </message>
    <message>
        <source>Nothing had changed</source>
        <translation>Nichts hatte sich geändert</translation>
    </message>
    <message>
        <source>not there</source>
        <translation>nicht da</translation>
    </message>
    <message>
        <source>Cut off, or still at it</source>
        <translation>Abgeschnitten oder noch dabei</translation>
    </message>
    <message>
        <source>Ended well</source>
        <translation>Gelungen</translation>
    </message>
</context>
<context>
    <name>ProjectsModel</name>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Laufen</translation>
    </message>
    <message>
        <source>Services</source>
        <translation>Dienste</translation>
    </message>
    <message>
        <source>Health</source>
        <translation>Gesundheit</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Service</source>
        <translation>Dienst</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>no way out</source>
        <translation>kein Weg nach außen</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Volume</source>
        <translation>Volume</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>Size or addresses</source>
        <translation>Größe oder Adressen</translation>
    </message>
    <message>
        <source>Used by</source>
        <translation>Benutzt von</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>Seit</translation>
    </message>
    <message>
        <source>Brought up</source>
        <translation>Hochgefahren</translation>
    </message>
    <message>
        <source>How it ended</source>
        <translation>Wie es endete</translation>
    </message>
    <message>
        <source>What it changed</source>
        <translation>Was es änderte</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>Because</source>
        <translation>Weil</translation>
    </message>
    <message>
        <source>Variable</source>
        <translation>Variable</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>Zeile</translation>
    </message>
    <message>
        <source>Problem</source>
        <translation>Problem</translation>
    </message>
</context>
<context>
    <name>ProjectsPage</name>
    <message>
        <source>Projects</source>
        <translation>Projekte</translation>
    </message>
    <message>
        <source>Filter by name, service, port</source>
        <translation>Nach Name, Dienst, Port filtern</translation>
    </message>
    <message numerus="yes">
        <source>%n projects</source>
        <translation>
            <numerusform>%n Projekt</numerusform>
            <numerusform>%n Projekte</numerusform>
        </translation>
    </message>
    <message>
        <source>No projects yet</source>
        <translation>Noch keine Projekte</translation>
    </message>
    <message>
        <source>A project is several services that belong together, as a compose file describes them: a web server, its database, its cache. Open one, or drop its folder here.</source>
        <translation>Ein Projekt sind mehrere Dienste, die zusammengehören, wie eine Compose-Datei sie beschreibt: ein Webserver, seine Datenbank, sein Cache. Öffnen Sie eines, oder legen Sie seinen Ordner hier ab.</translation>
    </message>
</context>
<context>
    <name>PullDialog</name>
    <message>
        <source>Pull an image</source>
        <translation>Image herunterladen</translation>
    </message>
    <message>
        <source>Pull</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>nginx:1.27  or  ghcr.io/team/app:main</source>
        <translation>nginx:1.27  oder  ghcr.io/team/app:main</translation>
    </message>
    <message>
        <source>Platform</source>
        <translation>Plattform</translation>
    </message>
    <message>
        <source>This computer&apos;s</source>
        <translation>Die dieses Rechners</translation>
    </message>
    <message>
        <source>Tags</source>
        <translation>Tags</translation>
    </message>
    <message>
        <source>Choose a tag…</source>
        <translation>Tag wählen…</translation>
    </message>
    <message>
        <source>Which image? A name such as nginx:1.27 is enough.</source>
        <translation>Welches Image? Ein Name wie nginx:1.27 genügt.</translation>
    </message>
    <message>
        <source>{0} is here</source>
        <translation>{0} ist da</translation>
    </message>
    <message>
        <source>Run it…</source>
        <translation>Starten…</translation>
    </message>
    <message>
        <source>Look inside</source>
        <translation>Hineinsehen</translation>
    </message>
    <message>
        <source>Pulled {0}</source>
        <translation>{0} heruntergeladen</translation>
    </message>
    <message>
        <source>Choose a platform…</source>
        <translation>Plattform wählen…</translation>
    </message>
    <message>
        <source>Asking for the tags…</source>
        <translation>Tags werden erfragt…</translation>
    </message>
</context>
<context>
    <name>PushDialog</name>
    <message>
        <source>Push {0}</source>
        <translation>{0} hochladen</translation>
    </message>
    <message>
        <source>Push</source>
        <translation>Hochladen</translation>
    </message>
    <message>
        <source>Name to push to</source>
        <translation>Name in der Registry</translation>
    </message>
    <message>
        <source>Pushed {0}</source>
        <translation>{0} hochgeladen</translation>
    </message>
    <message>
        <source>Goes to {0}</source>
        <translation>Geht an {0}</translation>
    </message>
</context>
<context>
    <name>Question</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>und %n weitere</numerusform>
            <numerusform>und %n weitere</numerusform>
        </translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
</context>
<context>
    <name>QuitDialog</name>
    <message>
        <source>Quit Wherry</source>
        <translation>Wherry beenden</translation>
    </message>
    <message>
        <source>{0} is still running</source>
        <translation>{0} läuft noch</translation>
    </message>
    <message numerus="yes">
        <source>%n services are still running</source>
        <translation>
            <numerusform>%n Dienst läuft noch</numerusform>
            <numerusform>%n Dienste laufen noch</numerusform>
        </translation>
    </message>
    <message>
        <source>They can go on without this window and will be here when you open it again. Restart rules and the docker socket rest until then.</source>
        <translation>Sie können ohne dieses Fenster weiterlaufen und sind beim nächsten Öffnen wieder da. Neustart-Regeln und der Docker-Socket ruhen bis dahin.</translation>
    </message>
    <message>
        <source>Do the same next time without asking</source>
        <translation>Nächstes Mal ohne Nachfrage genauso</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>Hier bleiben</translation>
    </message>
    <message>
        <source>Stop them and quit</source>
        <translation>Stoppen und beenden</translation>
    </message>
    <message>
        <source>Keep running and quit</source>
        <translation>Laufen lassen und beenden</translation>
    </message>
</context>
<context>
    <name>Recipe</name>
    <message>
        <source>{1}: “{0}” is no size; write 512m or 1.5g</source>
        <translation>{1}: „{0}“ ist keine Größe; schreiben Sie 512m oder 1.5g</translation>
    </message>
    <message>
        <source>“{0}” is no size; write 512m or 1.5g</source>
        <translation>„{0}“ ist keine Größe; schreiben Sie 512m oder 1.5g</translation>
    </message>
    <message>
        <source>{1}: “{0}” is no time; write 30s or 1m30s</source>
        <translation>{1}: „{0}“ ist keine Zeit; schreiben Sie 30s oder 1m30s</translation>
    </message>
    <message>
        <source>“{0}” is no time; write 30s or 1m30s</source>
        <translation>„{0}“ ist keine Zeit; schreiben Sie 30s oder 1m30s</translation>
    </message>
    <message>
        <source>{1}: “{0}” is no whole number</source>
        <translation>{1}: „{0}“ ist keine ganze Zahl</translation>
    </message>
    <message>
        <source>{1}: “{0}” is no number</source>
        <translation>{1}: „{0}“ ist keine Zahl</translation>
    </message>
    <message>
        <source>unknown flag: {0}</source>
        <translation>Unbekannte Option: {0}</translation>
    </message>
    <message>
        <source>flag needs an argument: {0}</source>
        <translation>Der Option fehlt ihr Wert: {0}</translation>
    </message>
    <message>
        <source>unknown shorthand flag: &apos;{0}&apos; in {1}</source>
        <translation>Unbekannte kurze Option „{0}“ in {1}</translation>
    </message>
    <message>
        <source>invalid flag --{0}: “{1}” is neither true nor false</source>
        <translation>Option --{0}: „{1}“ ist weder true noch false</translation>
    </message>
    <message>
        <source>no image was named</source>
        <translation>Es ist kein Image genannt</translation>
    </message>
    <message>
        <source>interfaces choose these themselves</source>
        <translation>diese wählen die Schnittstellen selbst</translation>
    </message>
    <message>
        <source>invalid recipe: {0}</source>
        <translation>Ungültiges Rezept: {0}</translation>
    </message>
    <message>
        <source>{0} is not supported by Wherry: {1}</source>
        <translation>{0} unterstützt Wherry nicht: {1}</translation>
    </message>
    <message>
        <source>The file {0} cannot be read: {1}</source>
        <translation>Die Datei {0} kann nicht gelesen werden: {1}</translation>
    </message>
    <message>
        <source>The file {0} is too large</source>
        <translation>Die Datei {0} ist zu groß</translation>
    </message>
    <message>
        <source>invalid environment variable “{0}”: write NAME=value</source>
        <translation>Ungültige Variable „{0}“: schreiben Sie NAME=Wert</translation>
    </message>
    <message>
        <source>invalid {0}: {1} expected</source>
        <translation>{0} ist ungültig: {1} erwartet</translation>
    </message>
    <message>
        <source>invalid {0}: {1}</source>
        <translation>{0} ist ungültig: {1}</translation>
    </message>
    <message>
        <source>invalid USER mode: {0}; try keep-id</source>
        <translation>Ungültiger Benutzer-Namensraum: {0}; versuchen Sie keep-id</translation>
    </message>
    <message>
        <source>invalid limit: {0} is negative</source>
        <translation>Ungültige Grenze: {0} ist negativ</translation>
    </message>
    <message>
        <source>invalid {0}: {1} is more than {2}</source>
        <translation>{0} ist ungültig: {1} ist mehr als {2}</translation>
    </message>
    <message>
        <source>Invalid value {0}, range for oom score adj is [-1000, 1000]</source>
        <translation>Ungültiger Wert {0}: der OOM-Wert reicht von -1000 bis 1000</translation>
    </message>
    <message>
        <source>bad format for add-host: &quot;{0}&quot;</source>
        <translation>Ungültiger Rechnername „{0}“: schreiben Sie name:10.0.0.1</translation>
    </message>
    <message>
        <source>invalid {0} “{1}”: write NAME=value</source>
        <translation>{0}: „{1}“ ist ungültig; schreiben Sie NAME=Wert</translation>
    </message>
    <message>
        <source>The line names no image</source>
        <translation>Die Zeile nennt kein Image</translation>
    </message>
    <message>
        <source>Duplicate mount point: {0}</source>
        <translation>Zweimal eingehängt: {0}</translation>
    </message>
    <message>
        <source>invalid volume specification: &apos;{0}&apos;</source>
        <translation>Ungültige Angabe eines Volumes: „{0}“</translation>
    </message>
    <message>
        <source>invalid mode: {0}</source>
        <translation>Ungültige Angabe hinter dem Ziel: {0}</translation>
    </message>
    <message>
        <source>&apos;{0}&apos; includes invalid characters for a local volume name, only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed. If you intended to pass a host directory, use absolute path</source>
        <translation>„{0}“ ist kein Name eines Volumes; erlaubt sind [a-zA-Z0-9][a-zA-Z0-9_.-]. Einen Ordner dieses Rechners geben Sie mit seinem ganzen Pfad an</translation>
    </message>
    <message>
        <source>invalid specification: destination can&apos;t be &apos;/&apos;</source>
        <translation>Das Ziel kann nicht „/“ sein</translation>
    </message>
    <message>
        <source>invalid mount path: &apos;{0}&apos; mount path must be absolute</source>
        <translation>Ungültiges Ziel „{0}“: es muss mit „/“ beginnen</translation>
    </message>
    <message>
        <source>invalid argument for --mount: target is required: {0}</source>
        <translation>--mount fehlt das Ziel: {0}</translation>
    </message>
    <message>
        <source>invalid argument for --mount: unexpected key &apos;{0}&apos; in &apos;{1}&apos;</source>
        <translation>--mount kennt „{0}“ nicht, in „{1}“</translation>
    </message>
    <message>
        <source>bind, volume, tmpfs and image are</source>
        <translation>bind, volume, tmpfs und image werden es</translation>
    </message>
    <message>
        <source>invalid mount config for type &apos;image&apos;: field Source must not be empty</source>
        <translation>ungültige Einbindung vom Typ &apos;image&apos;: Das Feld Source darf nicht leer sein</translation>
    </message>
    <message>
        <source>invalid mount config: mount type unknown: &apos;{0}&apos;</source>
        <translation>Unbekannte Art zu mounten: „{0}“</translation>
    </message>
    <message>
        <source>invalid argument for --mount: invalid field &apos;{0}&apos; must be a key=value pair</source>
        <translation>--mount: „{0}“ muss schlüssel=wert sein</translation>
    </message>
    <message>
        <source>invalid argument for --mount: a quote is not closed: {0}</source>
        <translation>--mount: ein Anführungszeichen ist nicht geschlossen: {0}</translation>
    </message>
    <message>
        <source>invalid argument for --mount: &apos;{0}&apos; is neither true nor false in &apos;{1}&apos;</source>
        <translation>--mount: „{0}“ ist weder true noch false, in „{1}“</translation>
    </message>
    <message>
        <source>invalid mount config for type &apos;bind&apos;: source &apos;{0}&apos; is not absolute</source>
        <translation>Der Ordner „{0}“ muss mit seinem ganzen Pfad angegeben sein</translation>
    </message>
    <message>
        <source>what is mounted below the source always comes along</source>
        <translation>was unter der Quelle eingehängt ist, kommt immer mit</translation>
    </message>
    <message>
        <source>invalid propagation mode: &apos;{0}&apos;</source>
        <translation>Unbekannte Weitergabe von Mounts: „{0}“</translation>
    </message>
    <message>
        <source>invalid mount config for type &apos;tmpfs&apos;: size and mode are numbers</source>
        <translation>Größe und Rechte eines tmpfs sind Zahlen</translation>
    </message>
    <message>
        <source>invalid tmpfs option &apos;{0}&apos;</source>
        <translation>Unbekannte tmpfs-Option „{0}“</translation>
    </message>
    <message>
        <source>invalid tmpfs mode: &apos;{0}&apos;</source>
        <translation>Ungültige Rechte eines tmpfs: „{0}“</translation>
    </message>
    <message>
        <source>invalid port “{0}”: write 8080:80 or 127.0.0.1:53:53/udp</source>
        <translation>Ungültiger Port „{0}“: schreiben Sie 8080:80 oder 127.0.0.1:53:53/udp</translation>
    </message>
    <message>
        <source>invalid port “{0}”: the two ranges differ in length</source>
        <translation>Ungültiger Port „{0}“: die beiden Bereiche sind verschieden lang</translation>
    </message>
    <message>
        <source>invalid port “{0}”: the protocol is tcp or udp</source>
        <translation>Ungültiger Port „{0}“: das Protokoll ist tcp oder udp</translation>
    </message>
    <message>
        <source>only tcp and udp can be forwarded</source>
        <translation>nur tcp und udp können weitergeleitet werden</translation>
    </message>
    <message>
        <source>invalid port “{0}”: ports go from 1 to 65535</source>
        <translation>Ungültiger Port „{0}“: Ports gehen von 1 bis 65535</translation>
    </message>
    <message>
        <source>real-time scheduling needs root</source>
        <translation>Echtzeit braucht root</translation>
    </message>
    <message>
        <source>the kernel has dropped this limit</source>
        <translation>der Kernel hat diese Grenze nicht mehr</translation>
    </message>
    <message>
        <source>there is one driver, local</source>
        <translation>es gibt einen Treiber, local</translation>
    </message>
    <message>
        <source>give systempaths=unconfined or keep the default list</source>
        <translation>geben Sie systempaths=unconfined an oder lassen Sie die übliche Liste</translation>
    </message>
    <message>
        <source>use BlkioWeight or the rates per device</source>
        <translation>nehmen Sie BlkioWeight oder die Raten je Gerät</translation>
    </message>
    <message>
        <source>there is one kind, Linux namespaces</source>
        <translation>es gibt eine Art, Namensräume von Linux</translation>
    </message>
    <message>
        <source>only crun runs here; a graphics card is given by --gpus</source>
        <translation>hier läuft nur crun; eine Grafikkarte gibt man mit --gpus</translation>
    </message>
    <message>
        <source>the file system drivers have no quota</source>
        <translation>die Treiber der Dateisysteme kennen keine Grenzen</translation>
    </message>
    <message>
        <source>a container cannot join another&apos;s cgroup</source>
        <translation>ein Container kann nicht in die Kontrollgruppe eines anderen</translation>
    </message>
    <message>
        <source>A quote is not closed</source>
        <translation>Ein Anführungszeichen ist nicht geschlossen</translation>
    </message>
    <message>
        <source>A parenthesis is not closed</source>
        <translation>Eine Klammer ist nicht geschlossen</translation>
    </message>
    <message>
        <source>invalid restart policy: &apos;{0}&apos;: maximum retry count must be a whole number</source>
        <translation>Neustart „{0}“: die Zahl der Versuche muss eine ganze Zahl sein</translation>
    </message>
    <message>
        <source>invalid restart policy: unknown policy &apos;{0}&apos;; use one of &apos;no&apos;, &apos;always&apos;, &apos;on-failure&apos;, or &apos;unless-stopped&apos;</source>
        <translation>Neustart „{0}“ gibt es nicht; nehmen Sie no, always, on-failure oder unless-stopped</translation>
    </message>
    <message>
        <source>invalid restart policy: maximum retry count can only be used with &apos;on-failure&apos;</source>
        <translation>Eine Zahl von Versuchen gibt es nur beim Neustart „on-failure“</translation>
    </message>
    <message>
        <source>invalid restart policy: maximum retry count cannot be negative</source>
        <translation>Die Zahl der Versuche beim Neustart kann nicht negativ sein</translation>
    </message>
    <message>
        <source>invalid ulimit “{0}”: write nofile=1024:4096</source>
        <translation>Ungültiges Ulimit „{0}“: schreiben Sie nofile=1024:4096</translation>
    </message>
    <message>
        <source>unexpected key &apos;{0}&apos; in &apos;{1}&apos;</source>
        <translation>unerwarteter Schlüssel &apos;{0}&apos; in &apos;{1}&apos;</translation>
    </message>
    <message>
        <source>could not select device driver &quot;{0}&quot; with capabilities: {1}</source>
        <translation>Es gibt keinen Gerätetreiber &quot;{0}&quot; mit den Fähigkeiten {1}</translation>
    </message>
    <message>
        <source>invalid device cgroup format &apos;{0}&apos;</source>
        <translation>ungültiges Format einer Geräteregel: &apos;{0}&apos;</translation>
    </message>
    <message>
        <source>invalid device “{0}”: write /dev/fuse or /dev/a:/dev/b:rwm</source>
        <translation>Ungültiges Gerät „{0}“: schreiben Sie /dev/fuse oder /dev/a:/dev/b:rwm</translation>
    </message>
    <message>
        <source>invalid rate “{0}”: write /dev/sda:10m</source>
        <translation>Ungültige Rate „{0}“: schreiben Sie /dev/sda:10m</translation>
    </message>
    <message>
        <source>logs are kept in files</source>
        <translation>Logs liegen in Dateien</translation>
    </message>
    <message>
        <source>invalid log option max-file={0}</source>
        <translation>Ungültige Log-Option max-file={0}</translation>
    </message>
    <message>
        <source>unknown log opt &apos;{0}&apos; for {1} log driver</source>
        <translation>unbekannte Protokolloption &apos;{0}&apos; für den Protokolltreiber {1}</translation>
    </message>
    <message>
        <source>only seccomp, no-new-privileges and systempaths are</source>
        <translation>nur seccomp, no-new-privileges und systempaths schon</translation>
    </message>
    <message>
        <source>the seccomp profile is no JSON object: {0}</source>
        <translation>das seccomp-Profil ist kein JSON-Objekt: {0}</translation>
    </message>
    <message>
        <source>more than one subnet of a kind</source>
        <translation>mehr als ein Subnetz einer Art</translation>
    </message>
    <message>
        <source>a bridge has one of IPv4 and one of IPv6</source>
        <translation>eine Bridge hat eines mit IPv4 und eines mit IPv6</translation>
    </message>
</context>
<context>
    <name>RegistriesDialog</name>
    <message>
        <source>Registries and logins</source>
        <translation>Registries und Anmeldungen</translation>
    </message>
    <message>
        <source>Logins</source>
        <translation>Anmeldungen</translation>
    </message>
    <message>
        <source>Log in…</source>
        <translation>Anmelden…</translation>
    </message>
    <message>
        <source>How to reach them</source>
        <translation>Wie sie erreicht werden</translation>
    </message>
    <message>
        <source>Proxies</source>
        <translation>Proxys</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Registries</source>
        <translation>Registries</translation>
    </message>
    <message>
        <source>Add: registry.example.com</source>
        <translation>Hinzufügen: registry.example.com</translation>
    </message>
    <message>
        <source>New registry</source>
        <translation>Neue Registry</translation>
    </message>
    <message>
        <source>Allow plain HTTP and unchecked certificates</source>
        <translation>Unverschlüsseltes HTTP und ungeprüfte Zertifikate erlauben</translation>
    </message>
    <message>
        <source>Mirrors</source>
        <translation>Mirrors</translation>
    </message>
    <message>
        <source>Own CA file</source>
        <translation>Eigene CA-Datei</translation>
    </message>
    <message>
        <source>Client certificate</source>
        <translation>Client-Zertifikat</translation>
    </message>
    <message>
        <source>Client key</source>
        <translation>Client-Schlüssel</translation>
    </message>
    <message>
        <source>Asked first, separated by commas</source>
        <translation>Werden zuerst gefragt, durch Kommas getrennt</translation>
    </message>
    <message>
        <source>Registries need no settings. Name one on the left to reach it over plain HTTP, through a mirror, or with certificates of your own.</source>
        <translation>Registries brauchen keine Einstellungen. Links eine nennen, um sie über einfaches HTTP, einen Spiegel oder mit eigenen Zertifikaten zu erreichen.</translation>
    </message>
    <message>
        <source>For HTTPS</source>
        <translation>Für HTTPS</translation>
    </message>
    <message>
        <source>For HTTP</source>
        <translation>Für HTTP</translation>
    </message>
    <message>
        <source>Not for</source>
        <translation>Nicht für</translation>
    </message>
    <message>
        <source>Proxy: {0}</source>
        <translation>Proxy: {0}</translation>
    </message>
    <message>
        <source>For what Wherry itself fetches. Where none is given, the session&apos;s variables count.</source>
        <translation>Für alles, was Wherry selbst abruft. Ohne Angabe gelten die Variablen der Sitzung.</translation>
    </message>
    <message>
        <source>Log out of {0}</source>
        <translation>Von {0} abmelden</translation>
    </message>
    <message>
        <source>Nobody is logged in. Public images need no login.</source>
        <translation>Niemand ist angemeldet. Öffentliche Images brauchen keine Anmeldung.</translation>
    </message>
</context>
<context>
    <name>Removal</name>
    <message>
        <source>Removed {0}</source>
        <translation>{0} entfernt</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Frees {0}</source>
        <translation>Macht {0} frei</translation>
    </message>
</context>
<context>
    <name>ReportDialog</name>
    <message>
        <source>Something went wrong inside Wherry</source>
        <translation>In Wherry ist ein Fehler aufgetreten</translation>
    </message>
    <message>
        <source>This is a mistake in the program, not yours. Your containers go on running. The report below helps to mend it.</source>
        <translation>Das ist ein Fehler im Programm, kein Bedienfehler. Die Container laufen weiter. Der Bericht unten hilft, ihn zu beheben.</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>Bericht</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>RunDialog</name>
    <message>
        <source>docker run line</source>
        <translation>„docker run“-Zeile</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>As a command</source>
        <translation>Als Befehl</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Give these files to the container&apos;s user?</source>
        <translation>Diese Dateien dem Benutzer des Containers geben?</translation>
    </message>
    <message>
        <source>Everything in there will belong to it from the first start on, for good.</source>
        <translation>Alles darin gehört vom ersten Start an ihm, auf Dauer.</translation>
    </message>
    <message>
        <source>Give them</source>
        <translation>Geben</translation>
    </message>
    <message>
        <source>Run a container</source>
        <translation>Container starten</translation>
    </message>
    <message>
        <source>Create only</source>
        <translation>Nur erstellen</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>nginx:1.27 – or paste a whole docker run line</source>
        <translation>nginx:1.27 – oder eine ganze „docker run“-Zeile einfügen</translation>
    </message>
    <message>
        <source>invented if left empty</source>
        <translation>wird erfunden, wenn leer</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Paste a docker run line</source>
        <translation>„docker run“-Zeile einfügen</translation>
    </message>
    <message>
        <source>Not on this computer yet: it will be pulled first.</source>
        <translation>Noch nicht auf diesem Rechner: wird zuerst heruntergeladen.</translation>
    </message>
    <message>
        <source>Which image?</source>
        <translation>Welches Image?</translation>
    </message>
    <message>
        <source>Another container is called {0}</source>
        <translation>Ein anderer Container heißt {0}</translation>
    </message>
    <message>
        <source>This is no docker run line Wherry can read</source>
        <translation>Das ist keine „docker run“-Zeile, die Wherry lesen kann</translation>
    </message>
    <message>
        <source>Left out: {0}</source>
        <translation>Weggelassen: {0}</translation>
    </message>
    <message>
        <source>Wherry does not need these, or a rootless engine cannot grant them.</source>
        <translation>Wherry braucht diese nicht, oder eine Engine ohne Root-Rechte kann sie nicht gewähren.</translation>
    </message>
    <message>
        <source>For you to fill in: {0}</source>
        <translation>Von Ihnen auszufüllen: {0}</translation>
    </message>
    <message>
        <source>A shell would have put something there; the form cannot know what.</source>
        <translation>Eine Shell hätte dort etwas eingesetzt; das Formular kann nicht wissen, was.</translation>
    </message>
    <message>
        <source>Still to fill in: {0}</source>
        <translation>Noch auszufüllen: {0}</translation>
    </message>
    <message>
        <source>Pulling {0}…</source>
        <translation>{0} wird heruntergeladen…</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Wird gestartet…</translation>
    </message>
</context>
<context>
    <name>RunForm</name>
    <message>
        <source>Sections</source>
        <translation>Abschnitte</translation>
    </message>
    <message>
        <source>Which folder?</source>
        <translation>Welcher Ordner?</translation>
    </message>
    <message>
        <source>Which file of variables?</source>
        <translation>Welche Datei mit Variablen?</translation>
    </message>
    <message>
        <source>Variables (*.env .env* *.txt)</source>
        <translation>Variablen (*.env .env* *.txt)</translation>
    </message>
    <message>
        <source>Basics</source>
        <translation>Grundlegendes</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Entrypoint</source>
        <translation>Entrypoint</translation>
    </message>
    <message>
        <source>Start again</source>
        <translation>Wieder starten</translation>
    </message>
    <message>
        <source>Give it a terminal (for shells and full-screen programs)</source>
        <translation>Mit Terminal (für Shells und Vollbildprogramme)</translation>
    </message>
    <message>
        <source>Keep its input open</source>
        <translation>Eingabe offen halten</translation>
    </message>
    <message>
        <source>Remove it when it ends</source>
        <translation>Entfernen, wenn er endet</translation>
    </message>
    <message>
        <source>Add a small init that reaps zombies</source>
        <translation>Kleines Init-Programm, das Zombies aufräumt</translation>
    </message>
    <message>
        <source>Publish a port</source>
        <translation>Port veröffentlichen</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Publish every port of the image on a free port</source>
        <translation>Jeden Port des Images an einem freien Port veröffentlichen</translation>
    </message>
    <message>
        <source>Also expose</source>
        <translation>Auch freigeben</translation>
    </message>
    <message>
        <source>Left: the port on this computer. Right: the port the service listens on.</source>
        <translation>Links: der Port auf diesem Rechner. Rechts: der Port, an dem der Dienst lauscht.</translation>
    </message>
    <message>
        <source>Mount something</source>
        <translation>Etwas einhängen</translation>
    </message>
    <message>
        <source>Files and volumes</source>
        <translation>Dateien und Volumes</translation>
    </message>
    <message>
        <source>Volumes of</source>
        <translation>Volumes von</translation>
    </message>
    <message>
        <source>other containers</source>
        <translation>andere Container</translation>
    </message>
    <message>
        <source>Shared memory</source>
        <translation>Gemeinsamer Speicher</translation>
    </message>
    <message>
        <source>Volumes outlive the container; what it writes elsewhere goes when it is removed.</source>
        <translation>Volumes überdauern den Container; was er anderswo schreibt, verschwindet mit ihm.</translation>
    </message>
    <message>
        <source>Environment</source>
        <translation>Umgebung</translation>
    </message>
    <message>
        <source>Variables</source>
        <translation>Variablen</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>Labels</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Further groups</source>
        <translation>Weitere Gruppen</translation>
    </message>
    <message>
        <source>Directory</source>
        <translation>Verzeichnis</translation>
    </message>
    <message>
        <source>Host name</source>
        <translation>Rechnername</translation>
    </message>
    <message>
        <source>Domain</source>
        <translation>Domain</translation>
    </message>
    <message>
        <source>Its own, reachable by published ports</source>
        <translation>Eigenes, erreichbar über veröffentlichte Ports</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keines</translation>
    </message>
    <message>
        <source>That of this computer</source>
        <translation>Das dieses Rechners</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>Also known as</source>
        <translation>Auch bekannt als</translation>
    </message>
    <message>
        <source>Hosts</source>
        <translation>Hosts</translation>
    </message>
    <message>
        <source>Links</source>
        <translation>Verknüpfungen</translation>
    </message>
    <message>
        <source>May reach</source>
        <translation>Darf erreichen</translation>
    </message>
    <message>
        <source>DNS servers</source>
        <translation>DNS-Server</translation>
    </message>
    <message>
        <source>DNS search</source>
        <translation>DNS-Suche</translation>
    </message>
    <message>
        <source>DNS options</source>
        <translation>DNS-Optionen</translation>
    </message>
    <message>
        <source>Limits</source>
        <translation>Limits</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>CPUs</source>
        <translation>CPUs</translation>
    </message>
    <message>
        <source>Processes</source>
        <translation>Prozesse</translation>
    </message>
    <message>
        <source>Memory, soft</source>
        <translation>Speicher, weich</translation>
    </message>
    <message>
        <source>Memory and swap</source>
        <translation>Speicher und Swap</translation>
    </message>
    <message>
        <source>CPU weight</source>
        <translation>CPU-Gewicht</translation>
    </message>
    <message>
        <source>On processors</source>
        <translation>Auf Prozessoren</translation>
    </message>
    <message>
        <source>On memory nodes</source>
        <translation>Auf Speicherknoten</translation>
    </message>
    <message>
        <source>CPU quota, µs</source>
        <translation>CPU-Kontingent, µs</translation>
    </message>
    <message>
        <source>CPU period, µs</source>
        <translation>CPU-Periode, µs</translation>
    </message>
    <message>
        <source>Disk weight</source>
        <translation>Disk-Gewicht</translation>
    </message>
    <message>
        <source>Disk rates</source>
        <translation>Disk-Raten</translation>
    </message>
    <message>
        <source>OOM score</source>
        <translation>OOM-Wert</translation>
    </message>
    <message>
        <source>Swappiness</source>
        <translation>Auslagerungsneigung</translation>
    </message>
    <message>
        <source>Wait for memory instead of being killed (control groups v1)</source>
        <translation>Auf Speicher warten, statt beendet zu werden (Kontrollgruppen v1)</translation>
    </message>
    <message>
        <source>Ulimits</source>
        <translation>Ulimits</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Kept in files</source>
        <translation>In Dateien aufbewahrt</translation>
    </message>
    <message>
        <source>Kept in files (“local” to clients of Docker)</source>
        <translation>In Dateien aufbewahrt („local“ für Docker-Programme)</translation>
    </message>
    <message>
        <source>Not kept</source>
        <translation>Nicht aufbewahrt</translation>
    </message>
    <message>
        <source>Log file size</source>
        <translation>Größe je Log-Datei</translation>
    </message>
    <message>
        <source>Log files</source>
        <translation>Log-Dateien</translation>
    </message>
    <message>
        <source>Empty means no limit. Memory, CPUs and processes can be changed while it runs.</source>
        <translation>Leer heißt: kein Limit. Speicher, CPUs und Prozesse lassen sich im Betrieb ändern.</translation>
    </message>
    <message>
        <source>Health check</source>
        <translation>Zustandsprüfung</translation>
    </message>
    <message>
        <source>The default list</source>
        <translation>Die Standardliste</translation>
    </message>
    <message>
        <source>No filter</source>
        <translation>Kein Filter</translation>
    </message>
    <message>
        <source>Security</source>
        <translation>Sicherheit</translation>
    </message>
    <message>
        <source>It cannot change its own file system</source>
        <translation>Er kann sein eigenes Dateisystem nicht ändern</translation>
    </message>
    <message>
        <source>It cannot gain privileges</source>
        <translation>Er kann keine Rechte hinzugewinnen</translation>
    </message>
    <message>
        <source>Privileged (within its own user namespace, never on this computer)</source>
        <translation>Privilegiert (im eigenen User-Namespace, nie auf diesem Rechner)</translation>
    </message>
    <message>
        <source>It may command Wherry (/var/run/docker.sock as a mount&apos;s source)</source>
        <translation>Er darf Wherry steuern (/var/run/docker.sock als Quelle einer Einbindung)</translation>
    </message>
    <message>
        <source>Show masked paths of /proc and /sys</source>
        <translation>Verdeckte Pfade in /proc und /sys zeigen</translation>
    </message>
    <message>
        <source>Add capabilities</source>
        <translation>Capabilities hinzufügen</translation>
    </message>
    <message>
        <source>Drop capabilities</source>
        <translation>Capabilities entziehen</translation>
    </message>
    <message>
        <source>System calls</source>
        <translation>Systemaufrufe</translation>
    </message>
    <message>
        <source>Users</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>You are its root, or whoever works in your folders</source>
        <translation>Sie sind sein Root, oder wer in Ihren Ordnern arbeitet</translation>
    </message>
    <message>
        <source>You are its user</source>
        <translation>Sie sind sein Benutzer</translation>
    </message>
    <message>
        <source>You are its root in any case</source>
        <translation>Sie sind auf jeden Fall sein Root</translation>
    </message>
    <message>
        <source>Devices</source>
        <translation>Geräte</translation>
    </message>
    <message>
        <source>Device rules</source>
        <translation>Geräteregeln</translation>
    </message>
    <message>
        <source>Kernel settings</source>
        <translation>Kernel-Einstellungen</translation>
    </message>
    <message>
        <source>Its own</source>
        <translation>Eigener</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>Erweitert</translation>
    </message>
    <message>
        <source>Stop signal</source>
        <translation>Stoppsignal</translation>
    </message>
    <message>
        <source>Time to stop</source>
        <translation>Zeit zum Stoppen</translation>
    </message>
    <message>
        <source>Shared memory (IPC)</source>
        <translation>Gemeinsamer Speicher (IPC)</translation>
    </message>
    <message>
        <source>Host name (UTS)</source>
        <translation>Rechnername (UTS)</translation>
    </message>
    <message>
        <source>Control groups</source>
        <translation>Control Groups</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicherung</translation>
    </message>
    <message>
        <source>The engine&apos;s choice</source>
        <translation>Wahl der Engine</translation>
    </message>
    <message>
        <source>Group above</source>
        <translation>Übergeordnete Gruppe</translation>
    </message>
    <message>
        <source>Platform</source>
        <translation>Plattform</translation>
    </message>
    <message>
        <source>Close its input after the first client</source>
        <translation>Eingabe nach dem ersten Client schließen</translation>
    </message>
    <message>
        <source>Never</source>
        <translation>Nie</translation>
    </message>
    <message>
        <source>When it fails</source>
        <translation>Bei Fehlern</translation>
    </message>
    <message>
        <source>Always, unless stopped by hand</source>
        <translation>Immer, außer nach Stopp von Hand</translation>
    </message>
    <message>
        <source>Always</source>
        <translation>Immer</translation>
    </message>
    <message>
        <source>times</source>
        <translation>Mal</translation>
    </message>
    <message>
        <source>How many times</source>
        <translation>Wie oft</translation>
    </message>
    <message>
        <source>As the image says</source>
        <translation>Wie im Image</translation>
    </message>
    <message>
        <source>Do not check</source>
        <translation>Nicht prüfen</translation>
    </message>
    <message>
        <source>Run a command</source>
        <translation>Befehl ausführen</translation>
    </message>
    <message>
        <source>Every</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Give up after</source>
        <translation>Aufgeben nach</translation>
    </message>
    <message>
        <source>Time to get ready</source>
        <translation>Anlaufzeit</translation>
    </message>
    <message>
        <source>Meanwhile every</source>
        <translation>Währenddessen alle</translation>
    </message>
    <message>
        <source>Unhealthy after failures</source>
        <translation>Ungesund nach Fehlern</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Which command tells that it is well?</source>
        <translation>Welcher Befehl zeigt, dass es ihm gut geht?</translation>
    </message>
    <message>
        <source>“{0}”: write /dev/sda read-bps 10m</source>
        <translation>„{0}“: /dev/sda read-bps 10m schreiben</translation>
    </message>
</context>
<context>
    <name>ScaleDialog</name>
    <message>
        <source>How many containers each service has</source>
        <translation>Wie viele Container jeder Dienst hat</translation>
    </message>
    <message>
        <source>See what would change…</source>
        <translation>Sehen, was sich ändern würde …</translation>
    </message>
</context>
<context>
    <name>SearchField</name>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
</context>
<context>
    <name>Security</name>
    <message>
        <source>Privileged: every capability, within its own user namespace</source>
        <translation>Privilegiert: alle Capabilities, im eigenen User-Namespace</translation>
    </message>
    <message>
        <source>Commands Wherry, and so all that you may do here</source>
        <translation>Steuert Wherry, und damit alles, was Sie hier dürfen</translation>
    </message>
    <message>
        <source>Shares the network of this computer</source>
        <translation>Teilt das Netzwerk dieses Rechners</translation>
    </message>
    <message>
        <source>Any system call: no seccomp filter</source>
        <translation>Jeder Systemaufruf: kein Seccomp-Filter</translation>
    </message>
    <message>
        <source>Can change files of yours in {0}</source>
        <translation>Kann eigene Dateien in {0} ändern</translation>
    </message>
    <message>
        <source>Reaches devices: {0}</source>
        <translation>Erreicht Geräte: {0}</translation>
    </message>
    <message>
        <source>Extra capabilities: {0}</source>
        <translation>Zusätzliche Capabilities: {0}</translation>
    </message>
    <message>
        <source>Its root is your ordinary user: it is never root on this computer</source>
        <translation>Sein Root ist das eigene, gewöhnliche Benutzerkonto: nie Root auf diesem Rechner</translation>
    </message>
    <message>
        <source>No capabilities at all</source>
        <translation>Gar keine Capabilities</translation>
    </message>
    <message>
        <source>The 14 usual capabilities or fewer</source>
        <translation>Die 14 üblichen Capabilities oder weniger</translation>
    </message>
    <message>
        <source>Filters system calls by the default list</source>
        <translation>Filtert Systemaufrufe nach der Standardliste</translation>
    </message>
    <message>
        <source>Filters system calls by its own list</source>
        <translation>Filtert Systemaufrufe nach eigener Liste</translation>
    </message>
    <message>
        <source>Cannot change its own file system</source>
        <translation>Kann sein eigenes Dateisystem nicht ändern</translation>
    </message>
    <message>
        <source>Cannot gain privileges by set-uid programs</source>
        <translation>Kann über Set-UID-Programme keine Rechte hinzugewinnen</translation>
    </message>
    <message>
        <source>Has no network</source>
        <translation>Hat kein Netzwerk</translation>
    </message>
</context>
<context>
    <name>Selection</name>
    <message>
        <source>Clear the selection</source>
        <translation>Auswahl aufheben</translation>
    </message>
    <message>
        <source>Select all {0} shown</source>
        <translation>Alle {0} gezeigten auswählen</translation>
    </message>
    <message>
        <source>{0}: {1}</source>
        <translation>{0}: {1}</translation>
    </message>
    <message numerus="yes">
        <source>%n not shown stay untouched</source>
        <translation>
            <numerusform>%n nicht gezeigtes bleibt unberührt</numerusform>
            <numerusform>%n nicht gezeigte bleiben unberührt</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>Front door</source>
        <translation>Haustür</translation>
    </message>
    <message>
        <source>Doctor</source>
        <translation>Diagnose</translation>
    </message>
    <message>
        <source>Storage</source>
        <translation>Speicherung</translation>
    </message>
    <message>
        <source>Registries</source>
        <translation>Registries</translation>
    </message>
    <message>
        <source>Sheet</source>
        <translation>Blatt</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Like the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>Hoher Kontrast</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Closing the window keeps Wherry in the tray</source>
        <translation>Beim Schließen des Fensters bleibt Wherry im Infobereich</translation>
    </message>
    <message>
        <source>Tell me when a service dies or turns unhealthy</source>
        <translation>Melden, wenn ein Dienst ausfällt oder ungesund wird</translation>
    </message>
    <message>
        <source>Ask what to do with running services</source>
        <translation>Fragen, was mit laufenden Diensten geschehen soll</translation>
    </message>
    <message>
        <source>Keep services running</source>
        <translation>Dienste laufen lassen</translation>
    </message>
    <message>
        <source>Stop all services</source>
        <translation>Alle Dienste stoppen</translation>
    </message>
    <message>
        <source>When I quit</source>
        <translation>Beim Beenden</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Engine</translation>
    </message>
    <message>
        <source>About this engine</source>
        <translation>Über diese Engine</translation>
    </message>
    <message>
        <source>From the next start on</source>
        <translation>Gilt ab dem nächsten Start</translation>
    </message>
    <message>
        <source>The fastest that works here</source>
        <translation>Die schnellste, die hier funktioniert</translation>
    </message>
    <message>
        <source>overlay (kernel)</source>
        <translation>overlay (Kernel)</translation>
    </message>
    <message>
        <source>Serve the Docker API on a socket of mine</source>
        <translation>Docker-API an einem eigenen Socket anbieten</translation>
    </message>
    <message>
        <source>Downloads at once</source>
        <translation>Gleichzeitige Downloads</translation>
    </message>
    <message>
        <source>Size of a log file</source>
        <translation>Größe je Log-Datei</translation>
    </message>
    <message>
        <source>Log files kept</source>
        <translation>Behaltene Log-Dateien</translation>
    </message>
    <message>
        <source>Logs of removed containers</source>
        <translation>Logs entfernter Container</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Saved</source>
        <translation>Gespeichert</translation>
    </message>
    <message>
        <source>Looking…</source>
        <translation>Wird untersucht…</translation>
    </message>
    <message>
        <source>What this computer allows</source>
        <translation>Was dieser Rechner erlaubt</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Erneut untersuchen</translation>
    </message>
    <message>
        <source>Missing: {0}</source>
        <translation>Fehlendes: {0}</translation>
    </message>
    <message>
        <source>Some features do not work until they are mended.</source>
        <translation>Einiges funktioniert erst, wenn es behoben ist.</translation>
    </message>
    <message>
        <source>Works; to improve: {0}</source>
        <translation>Funktioniert; zu verbessern: {0}</translation>
    </message>
    <message>
        <source>All is well</source>
        <translation>Alles in Ordnung</translation>
    </message>
    <message>
        <source>Copy the command</source>
        <translation>Befehl kopieren</translation>
    </message>
    <message>
        <source>What takes space</source>
        <translation>Was Platz braucht</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>Images, build cache, logs, volumes and the rest, and what each can give back.</source>
        <translation>Images, Build-Cache, Logs, Volumes und der Rest, und was jedes davon freigeben kann.</translation>
    </message>
    <message>
        <source>Is everything in its place?</source>
        <translation>Ist alles an seinem Platz?</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Mend…</source>
        <translation>Beheben…</translation>
    </message>
    <message>
        <source>Check every file</source>
        <translation>Jede Datei prüfen</translation>
    </message>
    <message>
        <source>Looks for what no row of the store explains.</source>
        <translation>Sucht nach allem, was kein Eintrag des Speicherbereichs erklärt.</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Wird geprüft…</translation>
    </message>
    <message>
        <source>Reading every file…</source>
        <translation>Jede Datei wird gelesen …</translation>
    </message>
    <message>
        <source>Mend the store?</source>
        <translation>Speicherbereich in Ordnung bringen?</translation>
    </message>
    <message>
        <source>Leftovers go and damaged layers are made anew; nothing that is in use is removed.</source>
        <translation>Reste verschwinden, beschädigte Schichten werden neu gemacht; nichts, was gebraucht wird, wird entfernt.</translation>
    </message>
    <message>
        <source>Mend</source>
        <translation>Beheben</translation>
    </message>
    <message>
        <source>Everything is in its place.</source>
        <translation>Alles ist an seinem Platz.</translation>
    </message>
    <message>
        <source>Findings: {0}</source>
        <translation>Befunde: {0}</translation>
    </message>
    <message>
        <source>Findings mended: {0}</source>
        <translation>Behobene Befunde: {0}</translation>
    </message>
    <message>
        <source>mended</source>
        <translation>behoben</translation>
    </message>
    <message>
        <source>Logged in to</source>
        <translation>Angemeldet bei</translation>
    </message>
    <message>
        <source>Log in…</source>
        <translation>Anmelden…</translation>
    </message>
    <message>
        <source>Mirrors and certificates…</source>
        <translation>Mirrors und Zertifikate…</translation>
    </message>
    <message>
        <source>Log out</source>
        <translation>Abmelden</translation>
    </message>
    <message>
        <source>Nowhere. Public images need no login.</source>
        <translation>Nirgends. Öffentliche Images brauchen keine Anmeldung.</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Control groups</source>
        <translation>Control Groups</translation>
    </message>
    <message>
        <source>Kept in</source>
        <translation>Ablage</translation>
    </message>
    <message>
        <source>Docker socket</source>
        <translation>Docker-Socket</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>Programs</source>
        <translation>Programme</translation>
    </message>
    <message>
        <source>no subordinate ids: everything in a container is one user</source>
        <translation>keine untergeordneten IDs: alles in einem Container ist ein Benutzer</translation>
    </message>
    <message>
        <source>Users</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>One port of this computer where every service has an address: http://web.shop.localhost for the service “web” of the project “shop”, and http://NAME.localhost for any container. Ports need not be published, and only you can come in.</source>
        <translation>Ein Port dieses Rechners, an dem jeder Dienst eine Adresse hat: http://web.shop.localhost für den Dienst „web“ des Projekts „shop“ und http://NAME.localhost für jeden Container. Ports müssen nicht veröffentlicht sein, und nur Sie kommen herein.</translation>
    </message>
    <message>
        <source>Open the front door</source>
        <translation>Die Haustür öffnen</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>Port</translation>
    </message>
    <message>
        <source>Answer to https too, with certificates made here</source>
        <translation>Auch auf https antworten, mit hier gemachten Zertifikaten</translation>
    </message>
    <message>
        <source>Look at it</source>
        <translation>Ansehen</translation>
    </message>
    <message>
        <source>Trust in its certificates</source>
        <translation>Vertrauen in ihre Zertifikate</translation>
    </message>
    <message>
        <source>Addresses</source>
        <translation>Adressen</translation>
    </message>
    <message>
        <source>Browsers warn until they know the authority that signed them. It can sign for names below localhost only, its key never leaves your store, and nothing was added anywhere. To trust it, run one of these:</source>
        <translation>Browser warnen, bis sie die Stelle kennen, die sie unterschrieben hat. Sie kann nur für Namen unter localhost unterschreiben, ihr Schlüssel verlässt Ihren Speicher nie, und nirgends wurde etwas eingetragen. Um ihr zu vertrauen, führen Sie einen dieser Befehle aus:</translation>
    </message>
    <message>
        <source>none yet</source>
        <translation>noch keine</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>The certificate</source>
        <translation>Das Zertifikat</translation>
    </message>
    <message>
        <source>Settings, Certificates, Authorities, Import</source>
        <translation>Einstellungen, Zertifikate, Zertifizierungsstellen, Importieren</translation>
    </message>
</context>
<context>
    <name>Several</name>
    <message>
        <source>{0} of {1} failed</source>
        <translation>{0} von {1} fehlgeschlagen</translation>
    </message>
</context>
<context>
    <name>Shortcuts</name>
    <message>
        <source>Command palette</source>
        <translation>Befehlspalette</translation>
    </message>
    <message>
        <source>Lists</source>
        <translation>Listen</translation>
    </message>
    <message>
        <source>Filter the list</source>
        <translation>Liste filtern</translation>
    </message>
    <message>
        <source>These keys</source>
        <translation>Diese Tasten</translation>
    </message>
    <message>
        <source>Choose this row too, or no longer</source>
        <translation>Zeile dazunehmen oder wieder weglassen</translation>
    </message>
    <message>
        <source>Choose all that are shown</source>
        <translation>Alle gezeigten auswählen</translation>
    </message>
    <message>
        <source>Choose none</source>
        <translation>Nichts auswählen</translation>
    </message>
    <message>
        <source>Open, and open or close a project</source>
        <translation>Öffnen; Projekt auf- und zuklappen</translation>
    </message>
    <message>
        <source>Its menu</source>
        <translation>Menü dazu</translation>
    </message>
    <message>
        <source>Logs, files and details</source>
        <translation>Protokolle, Dateien und Einzelheiten</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Command palette, from anywhere</source>
        <translation>Befehlspalette, von überall</translation>
    </message>
    <message>
        <source>These keys, from anywhere</source>
        <translation>Diese Tasten, von überall</translation>
    </message>
    <message>
        <source>Undo the last removal</source>
        <translation>Letztes Entfernen zurücknehmen</translation>
    </message>
    <message>
        <source>Close the window</source>
        <translation>Fenster schließen</translation>
    </message>
    <message>
        <source>Go to {0}</source>
        <translation>Gehe zu {0}</translation>
    </message>
    <message>
        <source>Containers</source>
        <translation>Container</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Volumes</source>
        <translation>Volumes</translation>
    </message>
    <message>
        <source>Networks</source>
        <translation>Netzwerke</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>Überall</translation>
    </message>
    <message>
        <source>Next view of a container</source>
        <translation>Nächste Ansicht eines Containers</translation>
    </message>
    <message>
        <source>View before</source>
        <translation>Vorige Ansicht</translation>
    </message>
    <message>
        <source>View {0} of a container</source>
        <translation>Ansicht {0} eines Containers</translation>
    </message>
    <message>
        <source>Next hit</source>
        <translation>Nächster Treffer</translation>
    </message>
    <message>
        <source>Hit before</source>
        <translation>Voriger Treffer</translation>
    </message>
    <message>
        <source>Larger text</source>
        <translation>Größere Schrift</translation>
    </message>
    <message>
        <source>Smaller text</source>
        <translation>Kleinere Schrift</translation>
    </message>
    <message>
        <source>Read a folder again</source>
        <translation>Ordner neu lesen</translation>
    </message>
    <message>
        <source>Save a file</source>
        <translation>Datei speichern</translation>
    </message>
    <message>
        <source>Offer words for what is being typed</source>
        <translation>Wörter für das Getippte anbieten</translation>
    </message>
    <message>
        <source>Terminals: all other keys are the program&apos;s</source>
        <translation>Terminals: alle anderen Tasten gehören dem Programm</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Paste</source>
        <translation>Einfügen</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>Alles auswählen</translation>
    </message>
    <message>
        <source>A page up</source>
        <translation>Eine Seite hinauf</translation>
    </message>
    <message>
        <source>A page down</source>
        <translation>Eine Seite hinunter</translation>
    </message>
    <message>
        <source>To the first line</source>
        <translation>Zur ersten Zeile</translation>
    </message>
    <message>
        <source>To the last line</source>
        <translation>Zur letzten Zeile</translation>
    </message>
    <message>
        <source>Ctrl+K for the shell</source>
        <translation>Strg+K für die Shell</translation>
    </message>
    <message>
        <source>Palette, at a prompt</source>
        <translation>Palette, an der Eingabe</translation>
    </message>
    <message>
        <source>Back to the list, at a prompt</source>
        <translation>Zurück zur Liste, an der Eingabe</translation>
    </message>
    <message>
        <source>These keys, at a prompt</source>
        <translation>Diese Tasten, an der Eingabe</translation>
    </message>
    <message>
        <source>Next view</source>
        <translation>Nächste Ansicht</translation>
    </message>
    <message>
        <source>Go to Containers</source>
        <translation>Zu den Containern</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>Skeleton</name>
    <message>
        <source>Loading: as it was last</source>
        <translation>Wird geladen: wie es zuletzt war</translation>
    </message>
</context>
<context>
    <name>SpecCheck</name>
    <message>
        <source>Port {0} is published twice</source>
        <translation>Port {0} ist zweimal veröffentlicht</translation>
    </message>
    <message>
        <source>Two mounts at {0}</source>
        <translation>Zwei Mounts an {0}</translation>
    </message>
    <message>
        <source>It would command Wherry: allow that under Security, if it may</source>
        <translation>Er würde Wherry steuern: Erlauben Sie das unter „Sicherheit“, wenn er darf</translation>
    </message>
    <message>
        <source>{0} does not exist and will be made</source>
        <translation>{0} gibt es nicht und wird angelegt</translation>
    </message>
    <message>
        <source>{0} does not exist</source>
        <translation>{0} gibt es nicht</translation>
    </message>
    <message>
        <source>“Remove when it ends” and “Start again” exclude each other</source>
        <translation>„Entfernen, wenn er endet“ und „Wieder starten“ schließen sich aus</translation>
    </message>
    <message>
        <source>Ports below {0} need a setting of this computer; see the doctor</source>
        <translation>Ports unter {0} brauchen eine Einstellung dieses Rechners; siehe Diagnose</translation>
    </message>
    <message>
        <source>Port {0} is taken by the container {1}</source>
        <translation>Port {0} ist vom Container {1} belegt</translation>
    </message>
    <message>
        <source>Port {0} is taken by {1} (process {2})</source>
        <translation>Port {0} ist von {1} belegt (Prozess {2})</translation>
    </message>
    <message>
        <source>Port {0} is taken by another program</source>
        <translation>Port {0} ist von einem anderen Programm belegt</translation>
    </message>
</context>
<context>
    <name>StackDialog</name>
    <message>
        <source>Deploy a stack</source>
        <translation>Einen Stack ausrollen</translation>
    </message>
    <message>
        <source>Deploy</source>
        <translation>Ausrollen</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>Projekt</translation>
    </message>
    <message>
        <source>Remove services that the files no longer have</source>
        <translation>Dienste entfernen, die in den Dateien nicht mehr stehen</translation>
    </message>
    <message>
        <source>Ask the registry which image is meant</source>
        <translation>Die Registry fragen, welches Image gemeint ist</translation>
    </message>
    <message>
        <source>Give the nodes this computer&apos;s logins for the registries</source>
        <translation>Den Knoten die Anmeldungen dieses Rechners bei den Registrys mitgeben</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Choose a compose file.</source>
        <translation>Wählen Sie eine Compose-Datei.</translation>
    </message>
    <message>
        <source>Choose a compose file</source>
        <translation>Eine Compose-Datei wählen</translation>
    </message>
    <message>
        <source>Compose files (*.yml *.yaml)</source>
        <translation>Compose-Dateien (*.yml *.yaml)</translation>
    </message>
    <message>
        <source>Looking at what would change…</source>
        <translation>Es wird nachgesehen, was sich ändern würde…</translation>
    </message>
    <message>
        <source>It cannot be deployed</source>
        <translation>Das lässt sich nicht ausrollen</translation>
    </message>
    <message>
        <source>What a swarm does otherwise</source>
        <translation>Was ein Swarm anders macht</translation>
    </message>
    <message>
        <source>{0} is deployed</source>
        <translation>{0} ist ausgerollt</translation>
    </message>
</context>
<context>
    <name>State</name>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Startet</translation>
    </message>
    <message>
        <source>Unhealthy</source>
        <translation>Ungesund</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>Stopping</source>
        <translation>Stoppt</translation>
    </message>
    <message>
        <source>Restarting</source>
        <translation>Startet neu</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Gestoppt</translation>
    </message>
    <message>
        <source>Removing</source>
        <translation>Wird entfernt</translation>
    </message>
    <message>
        <source>Broken</source>
        <translation>Defekt</translation>
    </message>
</context>
<context>
    <name>Stats</name>
    <message>
        <source>Time shown</source>
        <translation>Gezeigte Zeit</translation>
    </message>
    <message>
        <source>Back to now</source>
        <translation>Zurück zum Jetzt</translation>
    </message>
    <message>
        <source>Save the figures (CSV)…</source>
        <translation>Messwerte speichern (CSV) …</translation>
    </message>
    <message>
        <source>Save a picture (PNG)…</source>
        <translation>Bild speichern (PNG) …</translation>
    </message>
    <message>
        <source>Save what is shown</source>
        <translation>Gezeigtes speichern</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>In all</source>
        <translation>Insgesamt</translation>
    </message>
    <message>
        <source>Throttled</source>
        <translation>Gedrosselt</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Programs</source>
        <translation>Programme</translation>
    </message>
    <message>
        <source>Shared</source>
        <translation>Geteilt</translation>
    </message>
    <message>
        <source>Kernel</source>
        <translation>Kernel</translation>
    </message>
    <message>
        <source>File cache</source>
        <translation>Datei-Cache</translation>
    </message>
    <message>
        <source>Disk</source>
        <translation>Datenträger</translation>
    </message>
    <message>
        <source>Read</source>
        <translation>Gelesen</translation>
    </message>
    <message>
        <source>Written</source>
        <translation>Geschrieben</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Empfangen</translation>
    </message>
    <message>
        <source>Sent</source>
        <translation>Gesendet</translation>
    </message>
    <message>
        <source>Pressure (waiting)</source>
        <translation>Druck (Warten)</translation>
    </message>
    <message>
        <source>Processes</source>
        <translation>Prozesse</translation>
    </message>
    <message>
        <source>Limit</source>
        <translation>Limit</translation>
    </message>
    <message>
        <source>Not running; the graphs show what was.</source>
        <translation>Läuft nicht; die Kurven zeigen, was war.</translation>
    </message>
    <message>
        <source>estimate: no controller on this host</source>
        <translation>Schätzung: kein Controller auf diesem Rechner</translation>
    </message>
    <message>
        <source>this host does not count it</source>
        <translation>dieser Rechner zählt das nicht</translation>
    </message>
    <message>
        <source>The limit is now {0}</source>
        <translation>Das Limit ist jetzt {0}</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
</context>
<context>
    <name>Status</name>
    <message>
        <source>Paused, up {0}</source>
        <translation>Pausiert ({0})</translation>
    </message>
    <message>
        <source>Up {0}</source>
        <translation>Läuft {0}</translation>
    </message>
    <message>
        <source>Out of memory {0}</source>
        <translation>Speicher voll {0}</translation>
    </message>
    <message>
        <source>Could not start {0}</source>
        <translation>Start misslungen {0}</translation>
    </message>
    <message>
        <source>Ended with {0}, {1}</source>
        <translation>Mit {0} beendet, {1}</translation>
    </message>
    <message>
        <source>Stopped {0}</source>
        <translation>Gestoppt {0}</translation>
    </message>
    <message>
        <source>Finished {0}</source>
        <translation>Beendet {0}</translation>
    </message>
    <message>
        <source>Never started</source>
        <translation>Nie gestartet</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>Engine is starting</source>
        <translation>Engine startet</translation>
    </message>
    <message>
        <source>Starting the engine…</source>
        <translation>Die Engine startet…</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Engine is not running</source>
        <translation>Engine läuft nicht</translation>
    </message>
    <message>
        <source>Engine is running</source>
        <translation>Engine läuft</translation>
    </message>
    <message>
        <source>cgroup {0}</source>
        <translation>cgroup {0}</translation>
    </message>
    <message>
        <source>no cgroups</source>
        <translation>keine cgroups</translation>
    </message>
    <message>
        <source>Warnings: {0}</source>
        <translation>Warnungen: {0}</translation>
    </message>
    <message>
        <source>CPU {0}</source>
        <translation>CPU {0}</translation>
    </message>
    <message>
        <source>Memory {0} of {1}</source>
        <translation>Speicher {0} von {1}</translation>
    </message>
    <message>
        <source>{0} free</source>
        <translation>{0} frei</translation>
    </message>
    <message numerus="yes">
        <source>%n jobs running</source>
        <translation>
            <numerusform>%n Vorgang läuft</numerusform>
            <numerusform>%n Vorgänge laufen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>StepState</name>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>Cached</source>
        <translation>Im Cache</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Not reached</source>
        <translation>Nicht erreicht</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Gestoppt</translation>
    </message>
</context>
<context>
    <name>Swarm</name>
    <message>
        <source>New</source>
        <translation>Neu</translation>
    </message>
    <message>
        <source>Allocated</source>
        <translation>Zugeteilt</translation>
    </message>
    <message>
        <source>Waiting for a node</source>
        <translation>Wartet auf einen Knoten</translation>
    </message>
    <message>
        <source>Assigned</source>
        <translation>Zugewiesen</translation>
    </message>
    <message>
        <source>Accepted</source>
        <translation>Angenommen</translation>
    </message>
    <message>
        <source>Preparing</source>
        <translation>Wird vorbereitet</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Startet</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Läuft</translation>
    </message>
    <message>
        <source>Complete</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Shut down</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Being removed</source>
        <translation>Wird entfernt</translation>
    </message>
    <message>
        <source>Lost with its node</source>
        <translation>Mit dem Knoten verloren</translation>
    </message>
    <message>
        <source>Updating</source>
        <translation>Wird aktualisiert</translation>
    </message>
    <message>
        <source>Update paused</source>
        <translation>Aktualisierung angehalten</translation>
    </message>
    <message>
        <source>Rolling back</source>
        <translation>Wird zurückgesetzt</translation>
    </message>
    <message>
        <source>Roll-back paused</source>
        <translation>Zurücksetzen angehalten</translation>
    </message>
    <message>
        <source>Rolled back</source>
        <translation>Zurückgesetzt</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Ausgefallen</translation>
    </message>
    <message>
        <source>Unknown</source>
        <translation>Unbekannt</translation>
    </message>
    <message>
        <source>Disconnected</source>
        <translation>Getrennt</translation>
    </message>
    <message>
        <source>Active</source>
        <translation>Aktiv</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Drained</source>
        <translation>Geleert</translation>
    </message>
    <message>
        <source>Replicated</source>
        <translation>Repliziert</translation>
    </message>
    <message>
        <source>On each node</source>
        <translation>Auf jedem Knoten</translation>
    </message>
    <message>
        <source>Job</source>
        <translation>Auftrag</translation>
    </message>
    <message>
        <source>Job on each node</source>
        <translation>Auftrag auf jedem Knoten</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>Removed</source>
        <translation>Entfernt</translation>
    </message>
    <message>
        <source>As it is</source>
        <translation>Unverändert</translation>
    </message>
    <message>
        <source>None wanted</source>
        <translation>Keine gewünscht</translation>
    </message>
    <message>
        <source>Incomplete</source>
        <translation>Unvollständig</translation>
    </message>
    <message>
        <source>Manager, leader</source>
        <translation>Manager, führend</translation>
    </message>
    <message>
        <source>Manager</source>
        <translation>Manager</translation>
    </message>
    <message>
        <source>Worker</source>
        <translation>Worker</translation>
    </message>
    <message>
        <source>As it is: {0}</source>
        <translation>Unverändert: {0}</translation>
    </message>
</context>
<context>
    <name>SwarmActions</name>
    <message>
        <source>It has one task on each node</source>
        <translation>Er hat eine Aufgabe auf jedem Knoten</translation>
    </message>
    <message>
        <source>It was not changed since it was made</source>
        <translation>Er wurde nie geändert</translation>
    </message>
    <message>
        <source>Scale {0}</source>
        <translation>{0} skalieren</translation>
    </message>
    <message>
        <source>Tasks</source>
        <translation>Aufgaben</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>Skalieren</translation>
    </message>
    <message>
        <source>Another image for {0}</source>
        <translation>Ein anderes Image für {0}</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Update</source>
        <translation>Aktualisieren</translation>
    </message>
    <message>
        <source>Write an image</source>
        <translation>Ein Image eingeben</translation>
    </message>
    <message>
        <source>Bring {0} back to how it was before?</source>
        <translation>{0} auf den vorigen Stand bringen?</translation>
    </message>
    <message>
        <source>Its tasks are replaced by those of the state before the last change.</source>
        <translation>Seine Aufgaben werden durch die des Standes vor der letzten Änderung ersetzt.</translation>
    </message>
    <message>
        <source>Roll back</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>Its tasks are ended on all nodes.</source>
        <translation>Seine Aufgaben werden auf allen Knoten beendet.</translation>
    </message>
    <message>
        <source>Its services, networks, configs and secrets go; volumes stay on their nodes.</source>
        <translation>Seine Dienste, Netzwerke, Configs und Secrets werden entfernt; Volumes bleiben auf ihren Knoten.</translation>
    </message>
    <message>
        <source>Removed {0}</source>
        <translation>{0} entfernt</translation>
    </message>
    <message>
        <source>What is in it is kept nowhere else.</source>
        <translation>Der Inhalt ist sonst nirgends aufbewahrt.</translation>
    </message>
    <message>
        <source>Remove {0}?</source>
        <translation>{0} entfernen?</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Used by {0}</source>
        <translation>Benutzt von {0}</translation>
    </message>
    <message>
        <source>It leads the swarm: another manager must first</source>
        <translation>Er führt den Swarm an: Erst muss ein anderer Manager übernehmen</translation>
    </message>
    <message>
        <source>Deploy a stack…</source>
        <translation>Einen Stack ausrollen…</translation>
    </message>
    <message>
        <source>New service…</source>
        <translation>Neuer Dienst …</translation>
    </message>
    <message>
        <source>Deploy as a stack…</source>
        <translation>Als Stack ausrollen…</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Scale…</source>
        <translation>Skalieren…</translation>
    </message>
    <message>
        <source>Update image…</source>
        <translation>Image aktualisieren…</translation>
    </message>
    <message>
        <source>Start tasks anew</source>
        <translation>Aufgaben neu starten</translation>
    </message>
    <message>
        <source>Roll back…</source>
        <translation>Zurücksetzen…</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Entfernen…</translation>
    </message>
    <message>
        <source>Drain</source>
        <translation>Leeren</translation>
    </message>
    <message>
        <source>Its tasks go to other nodes, and it gets no new ones</source>
        <translation>Seine Aufgaben gehen auf andere Knoten, und er bekommt keine neuen</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Its tasks stay, and it gets no new ones</source>
        <translation>Seine Aufgaben bleiben, und er bekommt keine neuen</translation>
    </message>
    <message>
        <source>Activate</source>
        <translation>Aktivieren</translation>
    </message>
    <message>
        <source>It gets tasks again</source>
        <translation>Er bekommt wieder Aufgaben</translation>
    </message>
    <message>
        <source>Make it a manager</source>
        <translation>Zum Manager machen</translation>
    </message>
    <message>
        <source>Make it a worker</source>
        <translation>Zum Worker machen</translation>
    </message>
</context>
<context>
    <name>SwarmFaces</name>
    <message>
        <source>Services</source>
        <translation>Dienste</translation>
    </message>
    <message>
        <source>No services yet</source>
        <translation>Noch keine Dienste</translation>
    </message>
    <message>
        <source>Tasks</source>
        <translation>Aufgaben</translation>
    </message>
    <message>
        <source>No tasks</source>
        <translation>Keine Aufgaben</translation>
    </message>
    <message>
        <source>Nodes</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>No nodes</source>
        <translation>Keine Knoten</translation>
    </message>
    <message>
        <source>Stacks</source>
        <translation>Stacks</translation>
    </message>
    <message>
        <source>No stacks yet</source>
        <translation>Noch keine Stacks</translation>
    </message>
    <message>
        <source>Configs and secrets</source>
        <translation>Configs und Secrets</translation>
    </message>
    <message>
        <source>No configs and no secrets</source>
        <translation>Keine Configs und keine Secrets</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filtern</translation>
    </message>
    <message numerus="yes">
        <source>%n chosen</source>
        <translation>
            <numerusform>%n gewählt</numerusform>
            <numerusform>%n gewählt</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SwarmModel</name>
    <message>
        <source>Service</source>
        <translation>Dienst</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Tasks</source>
        <translation>Aufgaben</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>Task</source>
        <translation>Aufgabe</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>What went wrong</source>
        <translation>Was schiefging</translation>
    </message>
    <message>
        <source>Since</source>
        <translation>Seit</translation>
    </message>
    <message>
        <source>Takes work</source>
        <translation>Nimmt Arbeit</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>Rolle</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Engine</translation>
    </message>
    <message>
        <source>Stack</source>
        <translation>Stack</translation>
    </message>
    <message>
        <source>Services</source>
        <translation>Dienste</translation>
    </message>
    <message>
        <source>Secret</source>
        <translation>Secret</translation>
    </message>
    <message>
        <source>Config</source>
        <translation>Config</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Used by</source>
        <translation>Benutzt von</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
</context>
<context>
    <name>SwarmPage</name>
    <message>
        <source>Swarm</source>
        <translation>Swarm</translation>
    </message>
    <message>
        <source>New service</source>
        <translation>Neuer Dienst</translation>
    </message>
    <message>
        <source>Deploy</source>
        <translation>Ausrollen</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message numerus="yes">
        <source>%n services</source>
        <translation>
            <numerusform>%n Dienst</numerusform>
            <numerusform>%n Dienste</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n nodes</source>
        <translation>
            <numerusform>%n Knoten</numerusform>
            <numerusform>%n Knoten</numerusform>
        </translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>Jetzt versuchen</translation>
    </message>
</context>
<context>
    <name>SwarmService</name>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
    <message>
        <source>Tasks</source>
        <translation>Aufgaben</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>Tasks of this service</source>
        <translation>Aufgaben dieses Dienstes</translation>
    </message>
    <message>
        <source>No tasks</source>
        <translation>Keine Aufgaben</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Stack</source>
        <translation>Stack</translation>
    </message>
    <message>
        <source>Mode</source>
        <translation>Modus</translation>
    </message>
    <message>
        <source>Ports</source>
        <translation>Ports</translation>
    </message>
    <message>
        <source>Nodes</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
</context>
<context>
    <name>Table</name>
    <message>
        <source>Right click: choose columns</source>
        <translation>Rechtsklick: Spalten wählen</translation>
    </message>
</context>
<context>
    <name>Terminal</name>
    <message>
        <source>Terminal of {0}</source>
        <translation>Terminal von {0}</translation>
    </message>
    <message>
        <source>Detached</source>
        <translation>Getrennt</translation>
    </message>
    <message>
        <source>Ended with {0}</source>
        <translation>Mit {0} beendet</translation>
    </message>
    <message>
        <source>– Enter starts it again</source>
        <translation>– Eingabetaste startet neu</translation>
    </message>
    <message>
        <source>Terminals</source>
        <translation>Terminals</translation>
    </message>
    <message>
        <source>Another terminal</source>
        <translation>Weiteres Terminal</translation>
    </message>
    <message>
        <source>Shell</source>
        <translation>Shell</translation>
    </message>
    <message>
        <source>No terminal open</source>
        <translation>Kein Terminal offen</translation>
    </message>
    <message>
        <source>Open a shell</source>
        <translation>Shell öffnen</translation>
    </message>
    <message>
        <source>A terminal needs a running container.</source>
        <translation>Ein Terminal braucht einen laufenden Container.</translation>
    </message>
    <message>
        <source>{0} is not running</source>
        <translation>{0} läuft nicht</translation>
    </message>
    <message>
        <source>Start it</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Close this terminal</source>
        <translation>Dieses Terminal schließen</translation>
    </message>
    <message>
        <source>Shell as root</source>
        <translation>Shell als Root</translation>
    </message>
    <message>
        <source>Attach to the main process</source>
        <translation>Mit dem Hauptprozess verbinden</translation>
    </message>
    <message>
        <source>Another command…</source>
        <translation>Anderer Befehl…</translation>
    </message>
    <message>
        <source>Run a command in a terminal</source>
        <translation>Befehl in einem Terminal ausführen</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Ausführen</translation>
    </message>
    <message>
        <source>Write a command</source>
        <translation>Ein Befehl wird gebraucht</translation>
    </message>
    <message>
        <source>A quote is not closed</source>
        <translation>Ein Anführungszeichen ist nicht geschlossen</translation>
    </message>
</context>
<context>
    <name>TerminalView</name>
    <message>
        <source>Terminal</source>
        <translation>Terminal</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Paste</source>
        <translation>Einfügen</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>Alles auswählen</translation>
    </message>
    <message>
        <source>Clear scrollback</source>
        <translation>Verlaufspuffer leeren</translation>
    </message>
</context>
<context>
    <name>TimeChart</name>
    <message>
        <source>Limit</source>
        <translation>Limit</translation>
    </message>
    <message>
        <source>No figures yet</source>
        <translation>Noch keine Werte</translation>
    </message>
    <message>
        <source>{0}: not recorded</source>
        <translation>{0}: nicht aufgezeichnet</translation>
    </message>
    <message>
        <source>Not recorded</source>
        <translation>Nicht aufgezeichnet</translation>
    </message>
</context>
<context>
    <name>Toast</name>
    <message>
        <source>Dismiss</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>{0} ({1} s)</source>
        <translation>{0} ({1} s)</translation>
    </message>
    <message numerus="yes">
        <source>%n more in Activity</source>
        <translation>
            <numerusform>%n weitere unter Aktivität</numerusform>
            <numerusform>%n weitere unter Aktivität</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>TransferDialog</name>
    <message>
        <source>All layers</source>
        <translation>Alle Layer</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Cancelled. What has arrived is kept for the next time.</source>
        <translation>Abgebrochen. Was schon da ist, bleibt für das nächste Mal.</translation>
    </message>
    <message>
        <source>Go on in the background</source>
        <translation>Im Hintergrund weiter</translation>
    </message>
    <message>
        <source>Asking the registry…</source>
        <translation>Die Registry wird gefragt…</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
    <message>
        <source>Log in…</source>
        <translation>Anmelden…</translation>
    </message>
    <message>
        <source>Registry settings…</source>
        <translation>Registry-Einstellungen…</translation>
    </message>
    <message>
        <source>Free space…</source>
        <translation>Platz freigeben…</translation>
    </message>
    <message>
        <source>Retry</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Cancelling…</source>
        <translation>Wird abgebrochen…</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>Open Wherry</source>
        <translation>Wherry öffnen</translation>
    </message>
    <message>
        <source>No services yet</source>
        <translation>Noch keine Dienste</translation>
    </message>
    <message>
        <source>Run a container…</source>
        <translation>Container starten…</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message numerus="yes">
        <source>Wherry: %n running</source>
        <translation>
            <numerusform>Wherry: %n aktiv</numerusform>
            <numerusform>Wherry: %n aktiv</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Treemap</name>
    <message>
        <source>Where the bytes are</source>
        <translation>Wo die Bytes sind</translation>
    </message>
    <message>
        <source>Nothing here takes room</source>
        <translation>Hier braucht nichts Platz</translation>
    </message>
</context>
<context>
    <name>Units</name>
    <message>
        <source>{0} min {1} s</source>
        <translation>{0} min {1} s</translation>
    </message>
    <message>
        <source>{0}/s</source>
        <translation>{0}/s</translation>
    </message>
    <message>
        <source>{0} s</source>
        <translation>{0} s</translation>
    </message>
    <message>
        <source>{0} min</source>
        <translation>{0} min</translation>
    </message>
    <message>
        <source>{0} h {1} min</source>
        <translation>{0} h {1} min</translation>
    </message>
    <message>
        <source>{0} h</source>
        <translation>{0} h</translation>
    </message>
    <message>
        <source>{0} d</source>
        <translation>{0} d</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>gerade eben</translation>
    </message>
    <message numerus="yes">
        <source>%n years ago</source>
        <translation>
            <numerusform>vor %n Jahr</numerusform>
            <numerusform>vor %n Jahren</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n months ago</source>
        <translation>
            <numerusform>vor %n Monat</numerusform>
            <numerusform>vor %n Monaten</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} ago</source>
        <translation>vor {0}</translation>
    </message>
    <message>
        <source>{0} ms</source>
        <translation>{0} ms</translation>
    </message>
</context>
<context>
    <name>VolumeActions</name>
    <message>
        <source>Back up {0}</source>
        <translation>{0} sichern</translation>
    </message>
    <message>
        <source>Backups ({0})</source>
        <translation>Sicherungen ({0})</translation>
    </message>
    <message>
        <source>Backed up to {0}</source>
        <translation>Gesichert nach {0}</translation>
    </message>
    <message>
        <source>Restore {0} from</source>
        <translation>{0} wiederherstellen aus</translation>
    </message>
    <message>
        <source>Restore {0}?</source>
        <translation>{0} wiederherstellen?</translation>
    </message>
    <message>
        <source>All that is in it now is replaced by what is in the backup.</source>
        <translation>Alles, was jetzt darin ist, wird durch den Inhalt der Sicherung ersetzt.</translation>
    </message>
    <message numerus="yes">
        <source>%n containers use it: remove them first</source>
        <translation>
            <numerusform>%n Container verwendet es: diesen zuerst entfernen</numerusform>
            <numerusform>%n Container verwenden es: diese zuerst entfernen</numerusform>
        </translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>Wiederherstellen</translation>
    </message>
    <message>
        <source>Restored {0}</source>
        <translation>{0} wiederhergestellt</translation>
    </message>
    <message>
        <source>Clone {0}</source>
        <translation>{0} klonen</translation>
    </message>
    <message>
        <source>Name of the copy</source>
        <translation>Name der Kopie</translation>
    </message>
    <message>
        <source>Clone</source>
        <translation>Klonen</translation>
    </message>
    <message>
        <source>Cloned to {0}</source>
        <translation>Geklont nach {0}</translation>
    </message>
    <message>
        <source>Rename {0}</source>
        <translation>{0} umbenennen</translation>
    </message>
    <message>
        <source>New name</source>
        <translation>Neuer Name</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Renamed to {0}</source>
        <translation>Umbenannt in {0}</translation>
    </message>
    <message numerus="yes">
        <source>Remove %n volumes?</source>
        <translation>
            <numerusform>Volume entfernen?</numerusform>
            <numerusform>%n Volumes entfernen?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Removed %n volumes</source>
        <translation>
            <numerusform>%n Volume entfernt</numerusform>
            <numerusform>%n Volumes entfernt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n unused volumes?</source>
        <translation>
            <numerusform>Unbenutztes Volume entfernen?</numerusform>
            <numerusform>%n unbenutzte Volumes entfernen?</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>{0} uses it, is stopped for that, and started again.</source>
        <translation>{0} benutzt es, wird dafür angehalten und wieder gestartet.</translation>
    </message>
    <message>
        <source>Stop {0}, restore, start it again</source>
        <translation>{0} anhalten, wiederherstellen, wieder starten</translation>
    </message>
    <message>
        <source>First back up what is in it to {0}</source>
        <translation>Vorher sichern, was darin ist, nach {0}</translation>
    </message>
    <message>
        <source>{0} is as it was before</source>
        <translation>{0} ist wieder wie zuvor</translation>
    </message>
    <message>
        <source>What is in it is lost for good. A backup first may be a good idea.</source>
        <translation>Der Inhalt geht endgültig verloren. Eine Sicherung vorher kann sich lohnen.</translation>
    </message>
    <message>
        <source>This frees {0}.</source>
        <translation>Das gibt {0} frei.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Every volume is in use: there is nothing to remove.</source>
        <translation>Alle Volumes werden verwendet: es gibt nichts zu entfernen.</translation>
    </message>
    <message numerus="yes">
        <source>What is in them is lost for good.</source>
        <translation>
            <numerusform>Der Inhalt geht endgültig verloren.</numerusform>
            <numerusform>Ihr Inhalt geht endgültig verloren.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} of {1} unused volumes were made for a container and never named.</source>
        <translation>
            <numerusform>{0} von {1} unbenutzten Volumes wurde für einen Container angelegt und nie benannt.</numerusform>
            <numerusform>{0} von {1} unbenutzten Volumes wurden für einen Container angelegt und nie benannt.</numerusform>
        </translation>
    </message>
    <message>
        <source>Remove the named ones too</source>
        <translation>Auch die benannten entfernen</translation>
    </message>
    <message>
        <source>New volume…</source>
        <translation>Neues Volume…</translation>
    </message>
    <message>
        <source>Remove unused volumes…</source>
        <translation>Unbenutzte Volumes entfernen…</translation>
    </message>
    <message>
        <source>Browse</source>
        <translation>Durchsehen</translation>
    </message>
    <message>
        <source>Measure its size</source>
        <translation>Größe messen</translation>
    </message>
    <message>
        <source>Back up…</source>
        <translation>Sichern…</translation>
    </message>
    <message>
        <source>Restore…</source>
        <translation>Wiederherstellen…</translation>
    </message>
    <message>
        <source>Clone…</source>
        <translation>Klonen…</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Umbenennen…</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Entfernen…</translation>
    </message>
</context>
<context>
    <name>VolumesModel</name>
    <message>
        <source>Unused</source>
        <translation>Unbenutzt</translation>
    </message>
    <message>
        <source>Volume</source>
        <translation>Volume</translation>
    </message>
    <message>
        <source>made for a container</source>
        <translation>für einen Container angelegt</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Measured {0}</source>
        <translation>Gemessen {0}</translation>
    </message>
    <message>
        <source>Not measured yet</source>
        <translation>Noch nicht gemessen</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Used by</source>
        <translation>Verwendet von</translation>
    </message>
</context>
<context>
    <name>VolumesPage</name>
    <message>
        <source>Volumes</source>
        <translation>Volumes</translation>
    </message>
    <message>
        <source>Filter by name or label</source>
        <translation>Nach Name oder Label filtern</translation>
    </message>
    <message numerus="yes">
        <source>%n volumes</source>
        <translation>
            <numerusform>%n Volume</numerusform>
            <numerusform>%n Volumes</numerusform>
        </translation>
    </message>
    <message>
        <source>No volumes yet</source>
        <translation>Noch keine Volumes</translation>
    </message>
    <message>
        <source>A volume keeps data when its container is removed. Images that need one get it.</source>
        <translation>Ein Volume bewahrt Daten, wenn sein Container entfernt wird. Images, die eines brauchen, bekommen es.</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
</context>
<context>
    <name>Waiting</name>
    <message>
        <source>The engine is not running</source>
        <translation>Die Engine läuft nicht</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal versuchen</translation>
    </message>
</context>
<context>
    <name>WasteList</name>
    <message>
        <source>Wasted space</source>
        <translation>Verschwendeter Platz</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Nothing wasted</source>
        <translation>Nichts verschwendet</translation>
    </message>
    <message>
        <source>Every byte of every layer can be seen in the finished image.</source>
        <translation>Jedes Byte jedes Layers ist im fertigen Image sichtbar.</translation>
    </message>
</context>
<context>
    <name>Welcome</name>
    <message>
        <source>Welcome to Wherry</source>
        <translation>Willkommen bei Wherry</translation>
    </message>
    <message>
        <source>Run services in containers on this computer: no daemon, no root, no virtual machine, no account.</source>
        <translation>Dienste in Containern auf diesem Rechner: ohne Daemon, ohne Root, ohne virtuelle Maschine, ohne Konto.</translation>
    </message>
    <message>
        <source>Run the demo service</source>
        <translation>Demo-Dienst starten</translation>
    </message>
    <message>
        <source>A small web page, made here and now. Needs no network.</source>
        <translation>Eine kleine Webseite, hier und jetzt erzeugt. Braucht kein Netz.</translation>
    </message>
    <message>
        <source>Pull an image</source>
        <translation>Image herunterladen</translation>
    </message>
    <message>
        <source>From Docker Hub or any registry, then press Run.</source>
        <translation>Von Docker Hub oder jeder Registry, danach „Starten“.</translation>
    </message>
    <message>
        <source>Build from a folder</source>
        <translation>Aus einem Ordner bauen</translation>
    </message>
    <message>
        <source>A Dockerfile and what lies beside it.</source>
        <translation>Ein Dockerfile und was daneben liegt.</translation>
    </message>
    <message>
        <source>Open an archive</source>
        <translation>Archiv öffnen</translation>
    </message>
    <message>
        <source>Images saved with docker save, or drop a file here.</source>
        <translation>Mit docker save gespeicherte Images; Dateien lassen sich auch hier ablegen.</translation>
    </message>
    <message>
        <source>Pick a service</source>
        <translation>Einen Dienst auswählen</translation>
    </message>
    <message>
        <source>A database, a broker, a web server: a short form, and it runs.</source>
        <translation>Datenbank, Broker, Webserver: kurz ausfüllen, schon läuft er.</translation>
    </message>
    <message>
        <source>Open a project</source>
        <translation>Ein Projekt öffnen</translation>
    </message>
    <message>
        <source>A compose file, or drop its folder here.</source>
        <translation>Eine Compose-Datei, oder ihren Ordner hierher ziehen.</translation>
    </message>
    <message>
        <source>Ctrl+K finds anything · F1 shows all keys</source>
        <translation>Strg+K findet alles · F1 zeigt alle Tasten</translation>
    </message>
    <message>
        <source>Bring over from Docker and Podman…</source>
        <translation>Von Docker und Podman herüberholen …</translation>
    </message>
    <message>
        <source>Skip to the containers</source>
        <translation>Weiter zu den Containern</translation>
    </message>
</context>
<context>
    <name>WhyDialog</name>
    <message>
        <source>Why can it not reach the other?</source>
        <translation>Warum erreicht einer den anderen nicht?</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>To</source>
        <translation>Zu</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>Port</translation>
    </message>
    <message>
        <source>the one it shows</source>
        <translation>der, den er zeigt</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Walk the way</source>
        <translation>Den Weg gehen</translation>
    </message>
    <message>
        <source>{0} reaches {1}</source>
        <translation>{0} erreicht {1}</translation>
    </message>
    <message>
        <source>{0} does not reach {1}</source>
        <translation>{0} erreicht {1} nicht</translation>
    </message>
    <message>
        <source>fine</source>
        <translation>in Ordnung</translation>
    </message>
    <message>
        <source>here it stops</source>
        <translation>hier geht es nicht weiter</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>Wherry</source>
        <translation>Wherry</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Meldungen</translation>
    </message>
</context>
<context>
    <name>WindowDrop</name>
    <message>
        <source>There is no {0}</source>
        <translation>Es gibt kein {0}</translation>
    </message>
    <message>
        <source>Drop to load the images in it</source>
        <translation>Loslassen lädt die Images darin</translation>
    </message>
    <message>
        <source>Drop to open the project</source>
        <translation>Ablegen, um das Projekt zu öffnen</translation>
    </message>
    <message>
        <source>Drop to build an image from it</source>
        <translation>Loslassen baut ein Image daraus</translation>
    </message>
</context>
</TS>
