<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>Activity</name>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n running</numerusform>
            <numerusform>%n running</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>BuildState</name>
    <message numerus="yes">
        <source>%n steps</source>
        <translation>
            <numerusform>%n step</numerusform>
            <numerusform>%n steps</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n cached</source>
        <translation>
            <numerusform>%n cached</numerusform>
            <numerusform>%n cached</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n failed</source>
        <translation>
            <numerusform>%n failed</numerusform>
            <numerusform>%n failed</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>BuildsPage</name>
    <message numerus="yes">
        <source>%n builds</source>
        <translation>
            <numerusform>%n build</numerusform>
            <numerusform>%n builds</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Changes</name>
    <message numerus="yes">
        <source>{0} paths, {1}</source>
        <translation>
            <numerusform>{0} path, {1}</numerusform>
            <numerusform>{0} paths, {1}</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ClusterActions</name>
    <message numerus="yes">
        <source>{0} is asked for {1} pods</source>
        <translation>
            <numerusform>{0} is asked for {1} pod</numerusform>
            <numerusform>{0} is asked for {1} pods</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Delete %n objects?</source>
        <translation>
            <numerusform>Delete %n object?</numerusform>
            <numerusform>Delete %n objects?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Deleted %n objects</source>
        <translation>
            <numerusform>Deleted %n object</numerusform>
            <numerusform>Deleted %n objects</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Copied {0} to {1} ({2} files)</source>
        <translation>
            <numerusform>Copied {0} to {1} ({2} file)</numerusform>
            <numerusform>Copied {0} to {1} ({2} files)</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ClusterFaces</name>
    <message numerus="yes">
        <source>%n objects</source>
        <translation>
            <numerusform>%n object</numerusform>
            <numerusform>%n objects</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ClusterLog</name>
    <message numerus="yes">
        <source>{0} lines</source>
        <translation>
            <numerusform>{0} line</numerusform>
            <numerusform>{0} lines</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>CompareView</name>
    <message numerus="yes">
        <source>%n files differ</source>
        <translation>
            <numerusform>%n file differs</numerusform>
            <numerusform>%n files differ</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ContainerActions</name>
    <message numerus="yes">
        <source>Stopped %n containers</source>
        <translation>
            <numerusform>Stopped %n container</numerusform>
            <numerusform>Stopped %n containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Paused %n containers</source>
        <translation>
            <numerusform>Paused %n container</numerusform>
            <numerusform>Paused %n containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Removed %n containers</source>
        <translation>
            <numerusform>Removed %n container</numerusform>
            <numerusform>Removed %n containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of them are running and will be killed.</source>
        <translation>
            <numerusform>%n of them is running and will be killed.</numerusform>
            <numerusform>%n of them are running and will be killed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Also remove %n unnamed volumes used by nothing else</source>
        <translation>
            <numerusform>Also remove the unnamed volume used by nothing else</numerusform>
            <numerusform>Also remove %n unnamed volumes used by nothing else</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n containers?</source>
        <translation>
            <numerusform>Remove %n container?</numerusform>
            <numerusform>Remove %n containers?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n</source>
        <translation>
            <numerusform>Remove %n</numerusform>
            <numerusform>Remove %n</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ContainersPage</name>
    <message numerus="yes">
        <source>%n containers</source>
        <translation>
            <numerusform>%n container</numerusform>
            <numerusform>%n containers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Deaths</name>
    <message numerus="yes">
        <source>{0} died {1} times in {2}</source>
        <translation>
            <numerusform>{0} died {1} time in {2}</numerusform>
            <numerusform>{0} died {1} times in {2}</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Disk</name>
    <message numerus="yes">
        <source>%n things in use</source>
        <translation>
            <numerusform>%n thing in use</numerusform>
            <numerusform>%n things in use</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ErrorDialog</name>
    <message numerus="yes">
        <source>Try these %n again</source>
        <translation>
            <numerusform>Try this one again</numerusform>
            <numerusform>Try these %n again</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message numerus="yes">
        <source>Saved %n files</source>
        <translation>
            <numerusform>Saved %n file</numerusform>
            <numerusform>Saved %n files</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FiguresExport</name>
    <message numerus="yes">
        <source>{0} rows saved to {1}</source>
        <translation>
            <numerusform>{0} row saved to {1}</numerusform>
            <numerusform>{0} rows saved to {1}</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FileBrowser</name>
    <message numerus="yes">
        <source>Delete %n files?</source>
        <translation>
            <numerusform>Delete %n file?</numerusform>
            <numerusform>Delete %n files?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FindFileDialog</name>
    <message numerus="yes">
        <source>%n found so far</source>
        <translation>
            <numerusform>%n found so far</numerusform>
            <numerusform>%n found so far</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n found</source>
        <translation>
            <numerusform>%n found</numerusform>
            <numerusform>%n found</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Gallery</name>
    <message numerus="yes">
        <source>{0} templates from {1}</source>
        <translation>
            <numerusform>{0} template from {1}</numerusform>
            <numerusform>{0} templates from {1}</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Graphs</name>
    <message numerus="yes">
        <source>Graphs of %n containers</source>
        <translation>
            <numerusform>Graphs of %n container</numerusform>
            <numerusform>Graphs of %n containers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Groups</name>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n running</numerusform>
            <numerusform>%n running</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>History</name>
    <message numerus="yes">
        <source>Restarted %n times</source>
        <translation>
            <numerusform>Restarted %n time</numerusform>
            <numerusform>Restarted %n times</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImageActions</name>
    <message numerus="yes">
        <source>Removed %n images</source>
        <translation>
            <numerusform>Removed %n image</numerusform>
            <numerusform>Removed %n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n containers were made from it; they stay, but cannot be made again.</source>
        <translation>
            <numerusform>%n container was made from it; it stays, but cannot be made again.</numerusform>
            <numerusform>%n containers were made from it; they stay, but cannot be made again.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n images?</source>
        <translation>
            <numerusform>Remove the image?</numerusform>
            <numerusform>Remove %n images?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImageDrag</name>
    <message numerus="yes">
        <source>{0} and {1} more</source>
        <translation>
            <numerusform>{0} and {1} more</numerusform>
            <numerusform>{0} and {1} more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Images</name>
    <message numerus="yes">
        <source>%n files</source>
        <translation>
            <numerusform>%n file</numerusform>
            <numerusform>%n files</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} added</source>
        <translation>
            <numerusform>{0} added</numerusform>
            <numerusform>{0} added</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} changed</source>
        <translation>
            <numerusform>{0} changed</numerusform>
            <numerusform>{0} changed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} with another mode or owner</source>
        <translation>
            <numerusform>{0} with another mode or owner</numerusform>
            <numerusform>{0} with another mode or owner</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} removed</source>
        <translation>
            <numerusform>{0} removed</numerusform>
            <numerusform>{0} removed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>shared with %n images</source>
        <translation>
            <numerusform>shared with %n image</numerusform>
            <numerusform>shared with %n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n more tags</source>
        <translation>
            <numerusform>%n more tag</numerusform>
            <numerusform>%n more tags</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImagesPage</name>
    <message numerus="yes">
        <source>%n images</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>JsonTree</name>
    <message numerus="yes">
        <source>{0} keys</source>
        <translation>
            <numerusform>{0} key</numerusform>
            <numerusform>{0} keys</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} items</source>
        <translation>
            <numerusform>{0} item</numerusform>
            <numerusform>{0} items</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LayerInspector</name>
    <message numerus="yes">
        <source>{0} layers  ·  {1}</source>
        <translation>
            <numerusform>{0} layer  ·  {1}</numerusform>
            <numerusform>{0} layers  ·  {1}</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LogView</name>
    <message numerus="yes">
        <source>{0} new lines</source>
        <translation>
            <numerusform>{0} new line</numerusform>
            <numerusform>{0} new lines</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>… and {0} more characters</source>
        <translation>
            <numerusform>… and {0} more character</numerusform>
            <numerusform>… and {0} more characters</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Logs</name>
    <message numerus="yes">
        <source>{0} lines</source>
        <translation>
            <numerusform>{0} line</numerusform>
            <numerusform>{0} lines</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} older lines dropped by the size limit</source>
        <translation>
            <numerusform>{0} older line dropped by the size limit</numerusform>
            <numerusform>{0} older lines dropped by the size limit</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} matches, {1} % searched</source>
        <translation>
            <numerusform>{0} match, {1} % searched</numerusform>
            <numerusform>{0} matches, {1} % searched</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} matches</source>
        <translation>
            <numerusform>{0} match</numerusform>
            <numerusform>{0} matches</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Machines</name>
    <message numerus="yes">
        <source>%n more</source>
        <translation>
            <numerusform>%n more</numerusform>
            <numerusform>%n more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n containers</source>
        <translation>
            <numerusform>%n container</numerusform>
            <numerusform>%n containers</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n running</source>
        <translation>
            <numerusform>%n running</numerusform>
            <numerusform>%n running</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n images</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MergedLogs</name>
    <message numerus="yes">
        <source>Logs of %n containers</source>
        <translation>
            <numerusform>Log of %n container</numerusform>
            <numerusform>Logs of %n containers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NamesView</name>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>%n refused</numerusform>
            <numerusform>%n refused</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>refused %n times</source>
        <translation>
            <numerusform>refused once</numerusform>
            <numerusform>refused %n times</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NetworkActions</name>
    <message numerus="yes">
        <source>Removed %n networks</source>
        <translation>
            <numerusform>Removed %n network</numerusform>
            <numerusform>Removed %n networks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n networks have no container.</source>
        <translation>
            <numerusform>%n network has no container.</numerusform>
            <numerusform>%n networks have no container.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NetworkMap</name>
    <message numerus="yes">
        <source>%n more</source>
        <translation>
            <numerusform>%n more</numerusform>
            <numerusform>%n more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} and {1} more</source>
        <translation>
            <numerusform>{0} and {1} more</numerusform>
            <numerusform>{0} and {1} more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>%n refused</numerusform>
            <numerusform>%n refused</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>leads to %n containers</source>
        <translation>
            <numerusform>leads to %n container</numerusform>
            <numerusform>leads to %n containers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NetworksPage</name>
    <message numerus="yes">
        <source>%n networks</source>
        <translation>
            <numerusform>%n network</numerusform>
            <numerusform>%n networks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Disconnected %n containers</source>
        <translation>
            <numerusform>Disconnected %n container</numerusform>
            <numerusform>Disconnected %n containers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Plan</name>
    <message numerus="yes">
        <source>%n steps</source>
        <translation>
            <numerusform>%n step</numerusform>
            <numerusform>%n steps</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PlanDialog</name>
    <message numerus="yes">
        <source>{0} of {1} steps done</source>
        <translation>
            <numerusform>{0} of {1} step done</numerusform>
            <numerusform>{0} of {1} steps done</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Processes</name>
    <message numerus="yes">
        <source>%n processes</source>
        <translation>
            <numerusform>%n process</numerusform>
            <numerusform>%n processes</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ProjectActions</name>
    <message numerus="yes">
        <source>Make a project of %n containers</source>
        <translation>
            <numerusform>Make a project of %n container</numerusform>
            <numerusform>Make a project of %n containers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Projects</name>
    <message numerus="yes">
        <source>%n unhealthy</source>
        <translation>
            <numerusform>%n unhealthy</numerusform>
            <numerusform>%n unhealthy</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ProjectsPage</name>
    <message numerus="yes">
        <source>%n projects</source>
        <translation>
            <numerusform>%n project</numerusform>
            <numerusform>%n projects</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Question</name>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QuitDialog</name>
    <message numerus="yes">
        <source>%n services are still running</source>
        <translation>
            <numerusform>%n service is still running</numerusform>
            <numerusform>%n services are still running</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Selection</name>
    <message numerus="yes">
        <source>%n not shown stay untouched</source>
        <translation>
            <numerusform>%n not shown stays untouched</numerusform>
            <numerusform>%n not shown stay untouched</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message numerus="yes">
        <source>%n jobs running</source>
        <translation>
            <numerusform>%n job running</numerusform>
            <numerusform>%n jobs running</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SwarmFaces</name>
    <message numerus="yes">
        <source>%n chosen</source>
        <translation>
            <numerusform>%n chosen</numerusform>
            <numerusform>%n chosen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SwarmPage</name>
    <message numerus="yes">
        <source>%n services</source>
        <translation>
            <numerusform>%n service</numerusform>
            <numerusform>%n services</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n nodes</source>
        <translation>
            <numerusform>%n node</numerusform>
            <numerusform>%n nodes</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Toast</name>
    <message numerus="yes">
        <source>%n more in Activity</source>
        <translation>
            <numerusform>%n more in Activity</numerusform>
            <numerusform>%n more in Activity</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message numerus="yes">
        <source>Wherry: %n running</source>
        <translation>
            <numerusform>Wherry: %n running</numerusform>
            <numerusform>Wherry: %n running</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Units</name>
    <message numerus="yes">
        <source>%n years ago</source>
        <translation>
            <numerusform>%n year ago</numerusform>
            <numerusform>%n years ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n months ago</source>
        <translation>
            <numerusform>%n month ago</numerusform>
            <numerusform>%n months ago</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>VolumeActions</name>
    <message numerus="yes">
        <source>%n containers use it: remove them first</source>
        <translation>
            <numerusform>%n container uses it: remove that first</numerusform>
            <numerusform>%n containers use it: remove them first</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n volumes?</source>
        <translation>
            <numerusform>Remove the volume?</numerusform>
            <numerusform>Remove %n volumes?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Removed %n volumes</source>
        <translation>
            <numerusform>Removed %n volume</numerusform>
            <numerusform>Removed %n volumes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>What is in them is lost for good.</source>
        <translation>
            <numerusform>What is in it is lost for good.</numerusform>
            <numerusform>What is in them is lost for good.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} of {1} unused volumes were made for a container and never named.</source>
        <translation>
            <numerusform>{0} of {1} unused volumes was made for a container and never named.</numerusform>
            <numerusform>{0} of {1} unused volumes were made for a container and never named.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n unused volumes?</source>
        <translation>
            <numerusform>Remove the unused volume?</numerusform>
            <numerusform>Remove %n unused volumes?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>VolumesPage</name>
    <message numerus="yes">
        <source>%n volumes</source>
        <translation>
            <numerusform>%n volume</numerusform>
            <numerusform>%n volumes</numerusform>
        </translation>
    </message>
</context>
</TS>
