"""Widgets that know nothing of containers: plain data and small protocols in, signals out.

A map (module: what it has)
    labels      label, ElidedLabel, CodeLabel         buttons     button, tool_button, menu_button
    badge       Badge, StateDot, paint_badge          chips       Chip, ChipBar
    empty_state EmptyState                            banner      Banner (an error with its mending buttons)
    toast       ToastStack                            page_header PageHeader
    side_nav    SideNav                               segmented   Segmented
    search_field SearchField                          facts       FactGrid
    flow_layout FlowLayout                            card        Card, rule
    table       Table, CellDelegate, cells as data    json_tree   JsonTree
    sparkline   paint_sparkline                       meter       Meter, paint_meter
    progress_rows ProgressRows                        diff_view   DiffView
    charts      Timeline, SeriesBuffer, TimeChart     logview     LogView, LineSource, LogRow
    terminal    TerminalView                          treemap     Treemap
    layer_stack LayerStack                            file_tree   FileTree, FileRow
    waste_list  WasteList                             drop_area   DropArea
"""
